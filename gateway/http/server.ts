import { createServer, type IncomingMessage, type Server, type ServerOptions } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { PeerConnections } from "@medconnect/platform/network/peer-connections.ts";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import { GatewayResponse } from "./gateway-response.ts";
import { RefusedRequests } from "./refused-requests.ts";

/** Bounds what a slow or hostile client can hold on to (OWASP API4). */
export const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1000,
  /** Longer than the idle timeout of common load balancers (60 s), so that it is they who close. */
  keepAliveTimeout: 65_000,
  /** How long a client may neither send nor take anything; the time that a service has to answer comes on top. */
  stallTimeout: 30_000,
};

/**
 * Time for the body of a request without a valid token. One client cannot hold all places of its address for such requests
 * (`MAX_CALLER_REQUESTS`) with slow bodies: it would need more requests a minute than `RATE_LIMIT_ADDRESS_ANONYMOUS`.
 */
export const ANONYMOUS_BODY_MS = 5000;

interface Limits extends ServerOptions {
  readonly stallTimeout: number;
}

export interface HttpServerOptions {
  listener: (request: IncomingMessage, response: GatewayResponse) => void;
  /** Time until an answer has to start, in ms. */
  answerMs: number;
  /** Counts a request that the parser refuses, by its connection's address. Throws RATE_LIMITED. */
  countRefused: (address: string) => Promise<void>;
  /** Bounds the connections of each client. */
  peers: PeerConnections;
  log: Logger;
  limits?: Limits;
}

/**
 * How many connections may wait to be taken (`somaxconn` is the kernel's own bound). In a rush, Node's 511 are full within
 * half a second, and who does not fit in is not refused but waits for TCP to try again: 1, 3, 7, then 15 s.
 */
const BACKLOG = 2048;

/** The public port. */
export class HttpServer {
  readonly #server: Server<typeof IncomingMessage, typeof GatewayResponse>;
  readonly #peers: PeerConnections;
  #draining = false;

  constructor(options: HttpServerOptions) {
    const { listener, answerMs, countRefused, peers, log, limits: allLimits = LIMITS } = options;
    const { stallTimeout, ...limits } = allLimits;
    this.#peers = peers;
    // Node's own check answers with neither problem nor request id; `mistakeInSyntax` makes it.
    this.#server = createServer({ ...limits, requireHostHeader: false, ServerResponse: GatewayResponse });
    // Node silently drops headers beyond 2,000; `maxHeaderSize` bounds them all.
    this.#server.maxHeadersCount = 0;
    const refused = new RefusedRequests(this.#server, countRefused, log);
    const serve = (request: IncomingMessage, response: GatewayResponse) => {
      refused.begun(request, response);
      // Sends the client's next request elsewhere, instead of on a connection about to close.
      if (this.#draining) response.setHeader("Connection", "close");
      listener(request, response);
    };
    this.#server.on("request", serve).on("checkExpectation", serve);
    // A client that never reads its answer would keep connection and answer for ever. Between requests, keepAliveTimeout holds.
    this.#server.setTimeout(answerMs + stallTimeout);
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  /** @returns the port. Throws EADDRINUSE for one that is in use. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port, host, backlog: BACKLOG }, resolve);
    });
    const bound = (this.#server.address() as AddressInfo).port;
    this.#peers.watch(bound);
    return bound;
  }

  /** Reports not ready for `delayMs`, then takes no new connections, and waits for the requests under way. */
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
