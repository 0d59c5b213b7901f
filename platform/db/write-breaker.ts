import { ApiError } from "../errors/api-error.ts";
import { gauge } from "../telemetry/metrics.ts";
import { isDiskFull, isTimeout } from "./errors.ts";

/** Number of failures without a commit in between from which on transactions fail at once. */
const FAILURES = 3;

/**
 * Circuit breaker of transactions. A full disk lets MySQL answer reads while writes hang or fail: one that hangs
 * would hold its caller and a connection for DATABASE_TIMEOUT. While the breaker is open, one transaction at a time
 * tries, and the others fail at once. The first commit of a change closes the breaker.
 */
export class WriteBreaker {
  #failures = 0;
  #isTrying = false;

  constructor() {
    gauge(
      "db.writes.failing",
      "1 while transactions fail at once, because writes time out or find the disk full",
      (report) => report(this.isOpen ? 1 : 0),
    );
  }

  get isOpen(): boolean {
    return this.#failures >= FAILURES;
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
    this.#failures = 0;
  }

  async #counting<T>(transaction: () => Promise<T>): Promise<T> {
    try {
      return await transaction();
    } catch (error) {
      if (error instanceof ApiError && (isTimeout(error.cause) || isDiskFull(error))) this.#failures += 1;
      throw error;
    }
  }
}
