import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { AuditEntry } from "../changes/audit-entry.ts";
import type { Transaction } from "../db/transaction.ts";
import type { BusinessClock } from "../time/clock.ts";

/**
 * Applies the events of one type. A handler locks, reads and writes for many events at once, but decides each
 * event separately. The inbox decides which events share a transaction.
 */
export interface EventHandler<Facts = unknown, Plan = unknown> {
  /**
   * Inserts rows that `lock` needs and that may not exist yet. Called only in a transaction that waits for
   * locks.
   */
  prepare?(tx: Transaction, events: Event[]): void;
  /**
   * Locks rows and reads the facts for `decide`, in few round trips. Returns one result per event, in order.
   * A result is undefined if a row is missing, or if the transaction has skipped the row because it is
   * locked.
   */
  lock?(tx: Transaction, events: Event[]): Promise<(Facts | undefined)[]>;
  /**
   * Ids of rows on which the decision depends and that other events may change. Two events with a common row
   * never share a transaction.
   */
  rowsOf?(facts: Facts): string[];
  /**
   * Decides one event by pure rules. Returns undefined if the event changes nothing. Throws if the event
   * cannot be applied.
   */
  decide(facts: Facts | undefined, event: Event, now: Date): Plan | undefined;
  /** Writes all plans. @returns the audit entries of each plan, in order */
  write(tx: Transaction, plans: Plan[], now: Date): AuditEntry[][] | Promise<AuditEntry[][]>;
}

/** Applies one event alone, in a transaction that waits for locks. */
export async function applyEvent(
  tx: Transaction,
  handler: EventHandler,
  event: Event,
  clock: BusinessClock,
): Promise<AuditEntry[]> {
  handler.prepare?.(tx, [event]);
  const [facts] = (await handler.lock?.(tx, [event])) ?? [];
  // Reads the time only now, because the wait for locks may have taken seconds.
  const now = clock.now();
  const plan = handler.decide(facts, event, now);
  return plan === undefined ? [] : (await handler.write(tx, [plan], now)).flat();
}
