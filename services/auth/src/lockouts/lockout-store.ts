import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Counter } from "./lockout-rules.ts";

interface Id {
  readonly id: Buffer;
}

type CounterRow = Counter & Id;

/** Inserts counters that do not exist yet, so that concurrent attempts wait for the lock on their rows. */
const GUARD = `INSERT INTO failure_counters (id, failures, expire_time) VALUES ?
  ON DUPLICATE KEY UPDATE failures = failure_counters.failures`;
const LOCK = `SELECT id, failures, locked_until AS lockedUntil, expire_time AS expireTime FROM failure_counters
  WHERE id IN (?) FOR UPDATE`;
const SAVE = "UPDATE failure_counters SET failures = ?, locked_until = ?, expire_time = ? WHERE id = ?";
const DELETE = "DELETE FROM failure_counters WHERE id IN (?)";
const DELETE_EXPIRED = "DELETE FROM failure_counters WHERE expire_time <= ? LIMIT ?";

/**
 * Locks counters until the transaction ends.
 *
 * @returns the counters with their states
 */
export async function lockCounters<T extends Id>(
  tx: Transaction,
  counters: T[],
  now: Date,
): Promise<(T & { state: Counter })[]> {
  const ids = counters.map(({ id }) => id);
  // All transactions lock counters in the same order, which prevents deadlocks.
  tx.defer(GUARD, [ids.toSorted(Buffer.compare).map((id) => [id, 0, now])]);
  const rows = await tx.read<CounterRow>(LOCK, [ids]);
  // biome-ignore lint/style/noNonNullAssertion: GUARD inserts a row for each id
  return counters.map((counter) => ({ ...counter, state: rows.find(({ id }) => id.equals(counter.id))! }));
}

export function saveCounter(tx: Transaction, id: Buffer, counter: Counter): void {
  tx.defer(SAVE, [counter.failures, counter.lockedUntil, counter.expireTime, id]);
}

export function deleteCounters(tx: Transaction, counters: Id[]): void {
  tx.defer(DELETE, [counters.map(({ id }) => id)]);
}

export async function deleteExpiredCounters(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  await db.deleteAll(DELETE_EXPIRED, [now], signal);
}
