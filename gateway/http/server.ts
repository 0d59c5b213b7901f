import { createServer, type IncomingMessage, type Server, type ServerOptions } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { PeerConnections } from "@medconnect/platform/network/peer-connections.ts";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import type { ErrorAnswerOf } from "./error-answer.ts";
import { GatewayResponse } from "./gateway-response.ts";
import { RefusedRequests } from "./refused-requests.ts";

/**
 * Limits for slow or hostile clients, which would otherwise keep connections and memory in use (OWASP API4).
 * Times are in ms, sizes in bytes.
 */
export const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1000,
  /**
   * Longer than the 60 s after which common load balancers close an idle connection. If the gateway closed
   * the connection first, a balancer could send a request on it at the same moment, and lose the request.
   */
  keepAliveTimeout: 65_000,
  /**
   * Maximum time without data in either direction before a connection is closed. `HttpServer` adds
   * `answerMs`, the time that the gateway may take to answer.
   */
  stallTimeout: 30_000,
};

/**
 * Maximum time in ms for the body of a request without a valid token to arrive. It is short, so that slow
 * bodies cannot use up the requests that an address may have open at once (`MAX_CALLER_REQUESTS`): to keep so
 * many open, an attacker would have to send more requests per minute than `RATE_LIMIT_ADDRESS_ANONYMOUS`
 * allows.
 */
export const ANONYMOUS_BODY_MS = 5000;

interface Limits extends ServerOptions {
  readonly stallTimeout: number;
}

export interface HttpServerOptions {
  listener: (request: IncomingMessage, response: GatewayResponse) => void;
  /** Longest time that the gateway takes to start an answer, in ms. */
  answerMs: number;
  /** Counts a request that the parser refused, under the address of its peer. Throws RATE_LIMITED. */
  countRefused: (address: string) => Promise<void>;
  /** Limits the open connections of each peer. */
  peers: PeerConnections;
  log: Logger;
  errorAnswerOf: ErrorAnswerOf;
  limits?: Limits;
}

/**
 * Number of connections that may wait to be accepted. The kernel caps it at `somaxconn`. A burst fills Node's
 * default of 511 within half a second. The kernel then drops further connections, and their clients retry
 * after 1, 3, 7 and 15 s.
 */
const BACKLOG = 2048;

/** HTTP/1.1 server of the public port. Usually behind a load balancer that terminates TLS. */
export class HttpServer {
  readonly #server: Server<typeof IncomingMessage, typeof GatewayResponse>;
  readonly #peers: PeerConnections;
  #draining = false;

  constructor(options: HttpServerOptions) {
    const {
      listener,
      answerMs,
      countRefused,
      peers,
      log,
      errorAnswerOf,
      limits: allLimits = LIMITS,
    } = options;
    const { stallTimeout, ...limits } = allLimits;
    this.#peers = peers;
    // Node's check of the Host header is off, because it answers without a problem document and a request id.
    // `syntaxErrorOf` checks the header instead.
    this.#server = createServer({ ...limits, requireHostHeader: false, ServerResponse: GatewayResponse });
    // No limit on the number of headers, because by default Node silently drops those after the 2,000th.
    // `maxHeaderSize` limits their total size.
    this.#server.maxHeadersCount = 0;
    const refused = new RefusedRequests(this.#server, { count: countRefused, log, errorAnswerOf });
    const serve = (request: IncomingMessage, response: GatewayResponse) => {
      refused.track(request, response);
      // During a drain, tells the client to close the connection, because a later request on that connection
      // could be lost.
      if (this.#draining) response.setHeader("Connection", "close");
      listener(request, response);
    };
    this.#server.on("request", serve).on("checkExpectation", serve);
    // Without this time-out, a client that never reads its answer would keep the connection open and the
    // answer in memory for ever. Between requests, keepAliveTimeout applies instead.
    this.#server.setTimeout(answerMs + stallTimeout);
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  /** Starts to listen. @returns the port. Throws EADDRINUSE. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port, host, backlog: BACKLOG }, resolve);
    });
    const bound = (this.#server.address() as AddressInfo).port;
    this.#peers.watch(bound);
    return bound;
  }

  /**
   * First sets `isDraining`, so that load balancers stop sending requests. After `delayMs`, accepts no new
   * connections and waits for the running requests.
   */
  async drain(delayMs: number): Promise<void> {
    this.#draining = true;
    await delay(delayMs);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const sweeper = setInterval(() => this.#server.closeIdleConnections(), 50);
    await closed;
    clearInterval(sweeper);
    this.#peers.stop();
  }
}
