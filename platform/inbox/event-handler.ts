import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { AuditEntry } from "../changes/audit-entry.ts";
import type { Transaction } from "../db/transaction.ts";
import type { Clock } from "../time/clock.ts";

/**
 * Effect of events of one type. Like a `GroupedUseCase`, it locks, reads and writes for many events together,
 * and decides each one separately. The inbox decides which events share a transaction.
 */
export interface EventHandler<Facts = unknown, Plan = unknown> {
  /** Inserts rows that `lock` may miss, in a transaction that waits for locks. */
  prepare?(tx: Transaction, events: Event[]): void;
  /** Locks rows and reads the facts for `decide`, in few round trips; undefined where a row is missing. */
  lock?(tx: Transaction, events: Event[]): Promise<(Facts | undefined)[]>;
  /** Rows behind a decision that other events may change. Two events of a transaction share none. */
  rowsOf?(facts: Facts): string[];
  /** Decides one event by pure rules; undefined if it changes nothing. Throws if it cannot be applied. */
  decide(facts: Facts | undefined, event: Event, now: Date): Plan | undefined;
  /** Writes the plans. @returns the entries of each, in order */
  write(tx: Transaction, plans: Plan[], now: Date): AuditEntry[][] | Promise<AuditEntry[][]>;
}

/** Applies one event in a transaction that waits for locks. */
export async function applyEvent(
  tx: Transaction,
  handler: EventHandler,
  event: Event,
  clock: Clock,
): Promise<AuditEntry[]> {
  handler.prepare?.(tx, [event]);
  const [facts] = (await handler.lock?.(tx, [event])) ?? [];
  // Read after the wait for the locks.
  const now = clock.now();
  const plan = handler.decide(facts, event, now);
  return plan === undefined ? [] : (await handler.write(tx, [plan], now)).flat();
}
