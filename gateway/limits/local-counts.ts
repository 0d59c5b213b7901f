/** Clients that are remembered; the one whose count began first is forgotten, and Redis is asked for it again. */
const MAX_CLIENTS = 10_000;

/** A client's requests in its window. */
export interface WindowCount {
  readonly consumed: number;
  readonly resetMs: number;
}

interface ClientCount {
  /** Total that Redis told, of all gateways. */
  total: number;
  /** Requests since then that Redis does not know of. */
  untold: number;
  resetAtMs: number;
}

/**
 * Counts of one gateway between two round trips to Redis for the same client. A client can get past its limit by `slack`
 * requests at each gateway, because the gateways do not know of each other's untold ones.
 */
export class LocalCounts {
  readonly #slack: number;
  readonly #clients = new Map<string, ClientCount>();

  /** @param slack requests of a client that Redis need not know of; 0 tells it of each */
  constructor(slack: number) {
    this.#slack = slack;
  }

  /** Counts a request; undefined if it has to be told to Redis instead. */
  count(client: string, nowMs: number): WindowCount | undefined {
    const known = this.#clients.get(client);
    if (!known || known.resetAtMs <= nowMs || known.untold >= this.#slack) return undefined;
    known.untold += 1;
    return { consumed: known.total + known.untold, resetMs: known.resetAtMs - nowMs };
  }

  /** The number of requests to tell to Redis, this one included. They count as told from now on. */
  take(client: string, nowMs: number): number {
    const known = this.#clients.get(client);
    if (!known || known.resetAtMs <= nowMs) return 1;
    const points = known.untold + 1;
    known.total += points;
    known.untold = 0;
    return points;
  }

  /** Takes over a count that Redis told. */
  learn(client: string, { consumed, resetMs }: WindowCount, nowMs: number): void {
    if (this.#slack === 0) return;
    const known = this.#clients.get(client);
    const untold = known && known.resetAtMs > nowMs ? known.untold : 0;
    if (!known && this.#clients.size === MAX_CLIENTS) {
      this.#clients.delete(this.#clients.keys().next().value!);
    }
    this.#clients.set(client, { total: consumed, untold, resetAtMs: nowMs + resetMs });
  }
}
