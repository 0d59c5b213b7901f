import { setTimeout as delay } from "node:timers/promises";
import { ApiError } from "../errors/api-error.ts";
import { gauge } from "../telemetry/metrics.ts";
import { isDiskFull, isTimeout } from "./errors.ts";

const PROBE_AFTER_MS = 1000;

/**
 * Circuit breaker of transactions. A full disk lets MySQL answer reads while writes hang or fail: one that hangs
 * would hold its caller and a connection for DATABASE_TIMEOUT. The breaker opens at the first transaction that finds
 * the disk full, or that times out while no other one commits a change. A busy healthy server commits all the time,
 * so a single slow transaction does not open it. While it is open, all transactions fail at once, and a probe writes in
 * the background. The first commit of a change closes the breaker.
 */
export class WriteBreaker {
  readonly #probe: (signal: AbortSignal) => Promise<void>;
  readonly #closing = new AbortController();
  /** Commits of changes so far. */
  #changes = 0;
  #isOpen = false;
  #isProbing = false;

  /** @param probe commits a change, or throws */
  constructor(probe: (signal: AbortSignal) => Promise<void>) {
    this.#probe = probe;
    gauge(
      "db.writes.failing",
      "1 while transactions fail at once, because writes time out or find the disk full",
      (report) => report(this.#isOpen ? 1 : 0),
    );
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Runs a transaction. Throws UNAVAILABLE at once while the breaker is open. */
  async run<T>(transaction: () => Promise<T>): Promise<T> {
    if (this.#isOpen) throw new ApiError("UNAVAILABLE");
    const changesBefore = this.#changes;
    try {
      return await transaction();
    } catch (error) {
      const hangs = error instanceof ApiError && isTimeout(error.cause) && this.#changes === changesBefore;
      if (hangs || isDiskFull(error)) void this.#open();
      throw error;
    }
  }

  /** Notes a commit that changed rows. A commit without changes succeeds also on a full disk. */
  noteChange(): void {
    this.#changes += 1;
    this.#isOpen = false;
  }

  /** Ends the probe. */
  close(): void {
    this.#closing.abort();
  }

  async #open(): Promise<void> {
    this.#isOpen = true;
    if (this.#isProbing) return;
    this.#isProbing = true;
    const { signal } = this.#closing;
    while (this.#isOpen && !signal.aborted) {
      const probed = this.#probe(signal).then(() => this.noteChange());
      await probed.catch(() => delay(PROBE_AFTER_MS, undefined, { signal })).catch(() => {});
    }
    this.#isProbing = false;
  }
}
