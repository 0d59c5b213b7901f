/**
 * Clients with a local count. The oldest count is dropped first; the next request of that client asks Redis
 * again.
 */
const MAX_CLIENTS = 10_000;

/** Requests of a client in its current window. */
export interface WindowCount {
  readonly consumed: number;
  readonly resetMs: number;
}

interface ClientCount {
  /** Requests at all gateways, as Redis last reported them. */
  total: number;
  /** Requests since then that Redis does not know of. */
  unreported: number;
  resetAtMs: number;
}

/**
 * The counts of one gateway between two round trips to Redis for the same client. Gateways do not see each
 * other's unreported requests, so a client can exceed its limit by `maxUnreported` requests per gateway.
 */
export class LocalCounts {
  readonly #maxUnreported: number;
  readonly #clients = new Map<string, ClientCount>();

  /** @param maxUnreported requests of one client before the next report to Redis; 0 reports each */
  constructor(maxUnreported: number) {
    this.#maxUnreported = maxUnreported;
  }

  /** Counts a request locally; undefined if Redis must count it. */
  count(client: string, nowMs: number): WindowCount | undefined {
    const known = this.#clients.get(client);
    if (!known || known.resetAtMs <= nowMs || known.unreported >= this.#maxUnreported) return undefined;
    known.unreported += 1;
    return { consumed: known.total + known.unreported, resetMs: known.resetAtMs - nowMs };
  }

  /** Number of requests to report to Redis, including the current one. They count as reported from now on. */
  takeUnreported(client: string, nowMs: number): number {
    const known = this.#clients.get(client);
    if (!known || known.resetAtMs <= nowMs) return 1;
    const points = known.unreported + 1;
    known.total += points;
    known.unreported = 0;
    return points;
  }

  /** Stores the count that Redis reported. */
  update(client: string, { consumed, resetMs }: WindowCount, nowMs: number): void {
    if (this.#maxUnreported === 0) return;
    const known = this.#clients.get(client);
    const unreported = known && known.resetAtMs > nowMs ? known.unreported : 0;
    if (!known && this.#clients.size === MAX_CLIENTS) {
      // biome-ignore lint/style/noNonNullAssertion: a full map has a first key
      this.#clients.delete(this.#clients.keys().next().value!);
    }
    this.#clients.set(client, { total: consumed, unreported, resetAtMs: nowMs + resetMs });
  }
}
