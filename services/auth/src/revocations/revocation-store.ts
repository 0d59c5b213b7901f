import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Revocation } from "@medconnect/platform/identity/revocation-lists.ts";

const INSERT = `INSERT INTO revocations (session_id, expire_time) VALUES ?
  ON DUPLICATE KEY UPDATE session_id = revocations.session_id`;
const LIST =
  "SELECT session_id AS sessionId, expire_time AS expireTime FROM revocations WHERE expire_time > ?";
const PAGE = `${LIST} AND session_id > ? ORDER BY session_id LIMIT ?`;
const DELETE_EXPIRED = "DELETE FROM revocations WHERE expire_time <= ? LIMIT ?";

/** Inserts revocations. If a session is revoked already, its row stays unchanged. */
export function insertRevocations(tx: Transaction, revocations: Revocation[]): void {
  if (revocations.length === 0) return;
  tx.defer(INSERT, [revocations.map(({ sessionId, expireTime }) => [sessionId, expireTime])]);
}

/** Lists the revocations that have not expired. */
export async function listRevocations(db: Database, now: Date): Promise<Revocation[]> {
  return await db.read<Revocation>(LIST, [now]);
}

/** Lists a page of the revocations that have not expired, in order of session ids. */
export async function listRevocationsAfter(
  db: Database,
  afterSessionId: string,
  now: Date,
  limit: number,
): Promise<Revocation[]> {
  return await db.read<Revocation>(PAGE, [now, afterSessionId, limit]);
}

export async function deleteExpiredRevocations(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  await db.deleteAll(DELETE_EXPIRED, [now], signal);
}
