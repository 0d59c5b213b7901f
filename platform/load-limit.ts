import { ApiError } from "./errors/api-error.ts";

const RETRY_AFTER_MS = 1000;

/**
 * Refuses work beyond so many pieces at once. What is over capacity gets a quick 503 rather than a place in a queue that
 * makes everybody's answer late; so goodput stays near its peak under any load.
 */
export class LoadLimit {
  readonly #max: number;
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Throws UNAVAILABLE where too much runs already; for before what a refusal should not cost. */
  assertRoom(): void {
    if (this.#running < this.#max) return;
    throw new ApiError("UNAVAILABLE", { detail: "Too busy; try again.", retryAfterMs: RETRY_AFTER_MS });
  }

  /** Throws UNAVAILABLE where too much runs already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.assertRoom();
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
    }
  }
}

/** A limit for each of several, so that one that is slow takes no room from the others. */
export class LoadLimits {
  readonly #max: number;
  readonly #limits = new Map<string, LoadLimit>();

  /** @param max at once, of each */
  constructor(max: number) {
    this.#max = max;
  }

  of(name: string): LoadLimit {
    const known = this.#limits.get(name);
    if (known) return known;
    const limit = new LoadLimit(this.#max);
    this.#limits.set(name, limit);
    return limit;
  }
}
