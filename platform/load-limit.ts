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

  /** Throws UNAVAILABLE where too much runs already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#max) {
      throw new ApiError("UNAVAILABLE", { detail: "Too busy; try again.", retryAfterMs: RETRY_AFTER_MS });
    }
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
    }
  }
}
