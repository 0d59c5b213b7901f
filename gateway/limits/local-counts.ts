/**
 * Maximum number of clients with a local count. Beyond this number, the oldest count is dropped. Redis then
 * counts the next request of the client whose count was dropped.
 */
const MAX_CLIENTS = 10_000;

/** Number of requests of a client in its current window of one minute. */
export interface WindowCount {
  readonly consumed: number;
  readonly resetMs: number;
}

interface ClientCount {
  /** Requests at all gateways, as in the last answer of Redis. */
  total: number;
  /** Requests at this gateway that have not been reported to Redis yet. */
  unreported: number;
  resetAtMs: number;
}

/**
 * Counts the requests at one gateway between two reports to Redis. Gateways do not see the unreported
 * requests of each other, so a client can exceed its limit by `maxUnreported` requests per gateway.
 */
export class LocalCounts {
  readonly #maxUnreported: number;
  readonly #clients = new Map<string, ClientCount>();

  /**
   * @param maxUnreported number of requests of one client that may stay unreported; 0 means that each request
   *   is reported at once
   */
  constructor(maxUnreported: number) {
    this.#maxUnreported = maxUnreported;
  }

  /**
   * Counts a request locally. Returns undefined if Redis must count the request, because the client has no
   * local count or has reached `maxUnreported`.
   */
  count(client: string, nowMs: number): WindowCount | undefined {
    const known = this.#clients.get(client);
    if (!known || known.resetAtMs <= nowMs || known.unreported >= this.#maxUnreported) return undefined;
    known.unreported += 1;
    return { consumed: known.total + known.unreported, resetMs: known.resetAtMs - nowMs };
  }

  /**
   * Returns the number of requests of a client to report to Redis, including the current one. Marks them as
   * reported.
   */
  takeUnreported(client: string, nowMs: number): number {
    const known = this.#clients.get(client);
    if (!known || known.resetAtMs <= nowMs) return 1;
    const points = known.unreported + 1;
    known.total += points;
    known.unreported = 0;
    return points;
  }

  /** Stores the count that Redis returned. */
  update(client: string, { consumed, resetMs }: WindowCount, nowMs: number): void {
    if (this.#maxUnreported === 0) return;
    const known = this.#clients.get(client);
    const unreported = known && known.resetAtMs > nowMs ? known.unreported : 0;
    if (!known && this.#clients.size === MAX_CLIENTS) {
      const { value: oldest } = this.#clients.keys().next();
      if (oldest !== undefined) this.#clients.delete(oldest);
    }
    this.#clients.set(client, { total: consumed, unreported, resetAtMs: nowMs + resetMs });
  }
}
