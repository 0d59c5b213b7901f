import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { assertTimeLeft } from "@medconnect/platform/grpc/client.ts";

/** Runs at most `atOnce` tasks concurrently, queues at most `waiting` more, and refuses any further task. */
export class HashQueue {
  readonly #maxWaiting: number;
  readonly #queue: (() => void)[] = [];
  #free: number;

  constructor(options: { atOnce: number; waiting: number }) {
    this.#free = options.atOnce;
    this.#maxWaiting = options.waiting;
  }

  /**
   * Runs a task when a slot is free. Throws UNAVAILABLE if the queue is full, and DEADLINE_EXCEEDED if the
   * deadline passes while the task is queued.
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
      throw new ApiError("UNAVAILABLE", {
        detail: "Too many requests are waiting; try again after `Retry-After`.",
      });
    }
    await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  /** Passes the slot to the oldest waiting task. */
  #leave(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#free += 1;
  }
}
