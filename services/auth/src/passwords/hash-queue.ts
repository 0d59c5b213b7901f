import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { assertTimeLeft } from "@medconnect/platform/grpc/client.ts";

/** Lets `atOnce` pieces of work run side by side and `waiting` more queue; beyond that it refuses. */
export class HashQueue {
  readonly #maxWaiting: number;
  readonly #queue: (() => void)[] = [];
  #free: number;

  constructor(options: { atOnce: number; waiting: number }) {
    this.#free = options.atOnce;
    this.#maxWaiting = options.waiting;
  }

  /**
   * Runs `work` when it is its turn. Throws UNAVAILABLE when too many wait, and DEADLINE_EXCEEDED where nobody waits
   * for the answer any more.
   *
   * @param deadline ms since the epoch
   */
  async run<T>(deadline: number, work: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      assertTimeLeft(deadline);
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    if (this.#queue.length >= this.#maxWaiting) {
      throw new ApiError("UNAVAILABLE", { detail: "Too many wait already; try again after `Retry-After`." });
    }
    await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  /** Hands the place on to whoever waits longest. */
  #leave(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#free += 1;
  }
}
