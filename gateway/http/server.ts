import { createServer, type IncomingMessage, type Server, type ServerOptions } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { PeerConnections } from "@medconnect/platform/network/peer-connections.ts";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import { GatewayResponse } from "./gateway-response.ts";
import { RefusedRequests } from "./refused-requests.ts";

/**
 * Bounds on the resources that a slow or hostile client can hold (OWASP API4); times in ms, sizes in bytes.
 */
export const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1000,
  /**
   * Longer than the 60 s idle timeout of common load balancers, so that the balancer closes the connection.
   */
  keepAliveTimeout: 65_000,
  /** Time without any data in either direction, in addition to the time for the answer. */
  stallTimeout: 30_000,
};

/**
 * Time for the body of a request without a valid token. It is short, so that slow bodies cannot hold all
 * `MAX_CALLER_REQUESTS` places of an address: that would take more requests a minute than
 * `RATE_LIMIT_ADDRESS_ANONYMOUS` allows.
 */
export const ANONYMOUS_BODY_MS = 5000;

interface Limits extends ServerOptions {
  readonly stallTimeout: number;
}

export interface HttpServerOptions {
  listener: (request: IncomingMessage, response: GatewayResponse) => void;
  /** Time until an answer starts, in ms. */
  answerMs: number;
  /** Counts a request that the parser refused, by the peer's address. Throws RATE_LIMITED. */
  countRefused: (address: string) => Promise<void>;
  /** Bounds the open connections of each client. */
  peers: PeerConnections;
  log: Logger;
  limits?: Limits;
}

/**
 * Connections that may wait to be accepted; the kernel's own bound is `somaxconn`. A burst fills Node's
 * default of 511 within half a second. The kernel drops further connections, and their clients retry after 1,
 * 3, 7, then 15 s.
 */
const BACKLOG = 2048;

/** HTTP/1.1 server of the public port. */
export class HttpServer {
  readonly #server: Server<typeof IncomingMessage, typeof GatewayResponse>;
  readonly #peers: PeerConnections;
  #draining = false;

  constructor(options: HttpServerOptions) {
    const { listener, answerMs, countRefused, peers, log, limits: allLimits = LIMITS } = options;
    const { stallTimeout, ...limits } = allLimits;
    this.#peers = peers;
    // `syntaxErrorOf` checks Host: Node's own check answers without a problem and a request id.
    this.#server = createServer({ ...limits, requireHostHeader: false, ServerResponse: GatewayResponse });
    // Node silently drops headers after the 2,000th by default. `maxHeaderSize` bounds them all.
    this.#server.maxHeadersCount = 0;
    const refused = new RefusedRequests(this.#server, countRefused, log);
    const serve = (request: IncomingMessage, response: GatewayResponse) => {
      refused.track(request, response);
      // Otherwise the client's next request could meet a connection that is about to close.
      if (this.#draining) response.setHeader("Connection", "close");
      listener(request, response);
    };
    this.#server.on("request", serve).on("checkExpectation", serve);
    // A client that never reads its answer would hold connection and answer for ever. Between requests,
    // keepAliveTimeout applies.
    this.#server.setTimeout(answerMs + stallTimeout);
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  /** @returns the port. Throws EADDRINUSE. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port, host, backlog: BACKLOG }, resolve);
    });
    const bound = (this.#server.address() as AddressInfo).port;
    this.#peers.watch(bound);
    return bound;
  }

  /** Reports not ready for `delayMs`, then accepts no new connections and waits for the running requests. */
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
