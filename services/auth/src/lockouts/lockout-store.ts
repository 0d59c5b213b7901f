import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Counter } from "./lockout-rules.ts";

interface Id {
  readonly id: Buffer;
}

/** A guard: whoever else counts for the same waits here, also where there is no row yet. */
const GUARD = `INSERT INTO failure_counters (id, failures, expire_time) VALUES ?
  ON DUPLICATE KEY UPDATE failures = failure_counters.failures`;
const LOCK = `SELECT id, failures, locked_until AS lockedUntil, expire_time AS expireTime FROM failure_counters
  WHERE id IN (?) FOR UPDATE`;
const SAVE = "UPDATE failure_counters SET failures = ?, locked_until = ?, expire_time = ? WHERE id = ?";
const DELETE = "DELETE FROM failure_counters WHERE id IN (?)";
const DELETE_EXPIRED = "DELETE FROM failure_counters WHERE expire_time <= ? LIMIT ?";

/** Counters in the order asked for; nobody else changes them until the transaction ends. */
export async function lockCounters(tx: Transaction, counted: Id[], now: Date): Promise<Counter[]> {
  const ids = counted.map(({ id }) => id);
  // Everybody takes the locks in one order.
  tx.defer(GUARD, [ids.toSorted(Buffer.compare).map((id) => [id, 0, now])]);
  const rows = await tx.read<Counter & Id>(LOCK, [ids]);
  return ids.map((id) => rows.find((row) => row.id.equals(id))!);
}

export function saveCounter(tx: Transaction, id: Buffer, counter: Counter): void {
  tx.defer(SAVE, [counter.failures, counter.lockedUntil, counter.expireTime, id]);
}

export function deleteCounters(tx: Transaction, counted: Id[]): void {
  tx.defer(DELETE, [counted.map(({ id }) => id)]);
}

/** Deletes counters that have expired, a thousand a transaction. */
export async function deleteExpiredCounters(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  await db.deleteAll(DELETE_EXPIRED, [now], signal);
}
