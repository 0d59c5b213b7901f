import { ApiError } from "../errors/api-error.ts";
import { gauge } from "../telemetry/metrics.ts";
import { isTimeout } from "./errors.ts";

/** Number of time-outs without a commit in between from which on transactions fail at once. */
const TIMEOUTS = 3;

/**
 * Circuit breaker of transactions. A full disk lets MySQL answer reads while every write hangs: each would
 * hold its caller and a connection for DATABASE_TIMEOUT. While the breaker is open, one transaction at a time
 * tries, and the others fail at once. The first commit of a change closes the breaker.
 */
export class WriteBreaker {
  #timeouts = 0;
  #isTrying = false;

  constructor() {
    gauge("db.writes.failing", "1 while transactions fail at once, because writes time out", (report) =>
      report(this.isOpen ? 1 : 0),
    );
  }

  get isOpen(): boolean {
    return this.#timeouts >= TIMEOUTS;
  }

  /** Runs a transaction. Throws UNAVAILABLE at once if the breaker is open and another transaction tries. */
  async run<T>(transaction: () => Promise<T>): Promise<T> {
    if (!this.isOpen) return await this.#counting(transaction);
    if (this.#isTrying) throw new ApiError("UNAVAILABLE");
    this.#isTrying = true;
    try {
      return await this.#counting(transaction);
    } finally {
      this.#isTrying = false;
    }
  }

  /** Notes a commit that changed rows. A commit without changes succeeds also on a full disk. */
  noteChange(): void {
    this.#timeouts = 0;
  }

  async #counting<T>(transaction: () => Promise<T>): Promise<T> {
    try {
      return await transaction();
    } catch (error) {
      if (error instanceof ApiError && isTimeout(error.cause)) this.#timeouts += 1;
      throw error;
    }
  }
}
