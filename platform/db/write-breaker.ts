import { ApiError } from "../errors/api-error.ts";
import { gauge } from "../telemetry/metrics.ts";
import { isDiskFull, isTimeout } from "./errors.ts";

/**
 * Circuit breaker of transactions. A full disk lets MySQL answer reads while writes hang or fail: one that hangs
 * would hold its caller and a connection for DATABASE_TIMEOUT. The breaker opens at the first transaction that finds
 * the disk full, or that times out while no other one commits a change. A busy healthy server commits all the time,
 * so a single slow transaction does not open it. While it is open, one transaction at a time tries, and the others
 * fail at once. The first commit of a change closes the breaker.
 */
export class WriteBreaker {
  /** Commits of changes so far. */
  #changes = 0;
  #isOpen = false;
  #isTrying = false;

  constructor() {
    gauge(
      "db.writes.failing",
      "1 while transactions fail at once, because writes time out or find the disk full",
      (report) => report(this.#isOpen ? 1 : 0),
    );
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Runs a transaction. Throws UNAVAILABLE at once if the breaker is open and another transaction tries. */
  async run<T>(transaction: () => Promise<T>): Promise<T> {
    if (!this.#isOpen) return await this.#watched(transaction);
    if (this.#isTrying) throw new ApiError("UNAVAILABLE");
    this.#isTrying = true;
    try {
      return await this.#watched(transaction);
    } finally {
      this.#isTrying = false;
    }
  }

  /** Notes a commit that changed rows. A commit without changes succeeds also on a full disk. */
  noteChange(): void {
    this.#changes += 1;
    this.#isOpen = false;
  }

  async #watched<T>(transaction: () => Promise<T>): Promise<T> {
    const changesBefore = this.#changes;
    try {
      return await transaction();
    } catch (error) {
      const hangs = error instanceof ApiError && isTimeout(error.cause) && this.#changes === changesBefore;
      if (hangs || isDiskFull(error)) this.#isOpen = true;
      throw error;
    }
  }
}
