import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import type { Logger } from "../telemetry/log.ts";
import { counter } from "../telemetry/metrics.ts";
import { networkOf } from "./client-network.ts";

/**
 * Name of Node's diagnostics channel for accepted TCP connections. grpc-js reports a connection only at the
 * first call on it.
 */
const CONNECTED = "net.server.socket";
const LOG_EVERY_MS = 60_000;

const countRefused = counter(
  "server.connections.refused",
  "Connections closed because their peer had too many",
);

/**
 * Limits the open connections of each peer to one server. Closes further connections at once, before TLS and
 * HTTP allocate memory for them. gRPC clients then report UNAVAILABLE, and retry with backoff.
 */
export class PeerConnections {
  readonly #max: number;
  readonly #log: Logger;
  readonly #isExempt: (peer: string) => boolean;
  readonly #open = new Map<string, number>();
  #port = 0;
  #refused = 0;
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  /**
   * @param max maximum number of open connections from one address (an IPv6 /64); 0 means no limit
   * @param isExempt true for proxies, which open connections for many clients
   */
  constructor(max: number, log: Logger, isExempt: (address: string) => boolean = () => false) {
    this.#max = max;
    this.#log = log;
    this.#isExempt = isExempt;
  }

  watch(port: number): void {
    if (this.#max === 0) return;
    this.#port = port;
    subscribe(CONNECTED, this.#connected);
  }

  stop(): void {
    unsubscribe(CONNECTED, this.#connected);
  }

  readonly #connected = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    if (socket.localPort !== this.#port) return;
    const address = socket.remoteAddress ?? "";
    if (this.#isExempt(address)) return;
    const peer = networkOf(address);
    const open = this.#open.get(peer) ?? 0;
    if (open >= this.#max) {
      socket.destroy();
      this.#logRefused(peer);
      return;
    }
    this.#open.set(peer, open + 1);
    socket.once("close", () => this.#closed(peer));
  };

  #closed(peer: string): void {
    // biome-ignore lint/style/noNonNullAssertion: `#connected` has counted the peer
    const left = this.#open.get(peer)! - 1;
    if (left === 0) this.#open.delete(peer);
    else this.#open.set(peer, left);
  }

  /** Counts a refusal in the metric. Logs one line per minute at most, with the number of refusals. */
  #logRefused(peer: string): void {
    countRefused();
    this.#refused += 1;
    const nowMs = performance.now();
    if (nowMs - this.#loggedAtMs < LOG_EVERY_MS) return;
    this.#log.warn(
      { peer, refused: this.#refused, max: this.#max },
      "refused connections of a peer with too many",
    );
    this.#loggedAtMs = nowMs;
    this.#refused = 0;
  }
}
