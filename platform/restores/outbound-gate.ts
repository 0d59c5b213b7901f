import type { Database } from "../db/database.ts";
import { ApiError } from "../errors/api-error.ts";
import type { Work } from "../jobs/jobs.ts";
import type { Logger } from "../telemetry/log.ts";
import { gauge } from "../telemetry/metrics.ts";
import type { Clock } from "../time/clock.ts";
import { findUnconfirmedRestore, markRestoresReady, type UnconfirmedRestore } from "./restore-store.ts";

interface App {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Closed from a restore until an operator confirms it. A restored system would repeat effects outside that it does
 * not know of any more: mails, events, captures. A restore needs stopped processes, so an open gate stays open, and
 * costs nothing.
 */
export class OutboundGate {
  readonly #app: App;
  #restore: UnconfirmedRestore | undefined;

  private constructor(app: App) {
    this.#app = app;
    gauge("restore.unconfirmed", "1 while the service sends nothing outside, after a restore", (report) =>
      report(this.isOpen ? 0 : 1),
    );
  }

  /** Reads whether a restore is unconfirmed. */
  static async of(app: App): Promise<OutboundGate> {
    const gate = new OutboundGate(app);
    gate.#restore = await findUnconfirmedRestore(app.db);
    if (gate.#restore) {
      const { moment } = gate.#restore;
      app.log.warn({ moment }, "restored; nothing is sent outside until `npm run restore -- confirm`");
    }
    return gate;
  }

  get isOpen(): boolean {
    return this.#restore === undefined;
  }

  /** Throws UNAVAILABLE while the gate is closed. */
  assertOpen(): void {
    if (!this.isOpen) throw new ApiError("UNAVAILABLE");
  }

  /** True if the restore cannot be confirmed before `markReady`. */
  get awaitsReadiness(): boolean {
    return this.#restore?.readyTime === null;
  }

  /** Lets an operator confirm the restore. */
  async markReady(): Promise<void> {
    const now = this.#app.clock.now();
    await markRestoresReady(this.#app.db, now);
    if (this.#restore) this.#restore = { ...this.#restore, readyTime: now };
  }

  /** Opens a closed gate once the restore is confirmed. */
  async check(): Promise<void> {
    if (this.isOpen || (await findUnconfirmedRestore(this.#app.db))) return;
    this.#restore = undefined;
    this.#app.log.info("the restore is confirmed; events, mails and payments go on");
  }

  /** Makes the work of a job that does nothing while the gate is closed. */
  guard(work: Work): Work {
    return async (signal) => (this.isOpen ? await work(signal) : undefined);
  }
}
