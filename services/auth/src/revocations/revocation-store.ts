import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Revocation } from "@medconnect/platform/identity/revocation-lists.ts";

const INSERT = `INSERT INTO revocations (session_id, expire_time) VALUES ?
  ON DUPLICATE KEY UPDATE session_id = revocations.session_id`;
const LIST =
  "SELECT session_id AS sessionId, expire_time AS expireTime FROM revocations WHERE expire_time > ?";
const PAGE = `${LIST} AND session_id > ? ORDER BY session_id LIMIT ?`;
const DELETE_EXPIRED = "DELETE FROM revocations WHERE expire_time <= ? LIMIT ?";

/** Revokes sessions; one that is revoked already stays as it is. */
export function insertRevocations(tx: Transaction, revocations: Revocation[]): void {
  if (revocations.length === 0) return;
  tx.defer(INSERT, [revocations.map(({ sessionId, expireTime }) => [sessionId, expireTime])]);
}

/** The revocations that still matter. */
export async function listRevocations(db: Database, now: Date): Promise<Revocation[]> {
  return await db.read<Revocation>(LIST, [now]);
}

/** The first of them after a session's id. */
export async function listRevocationsAfter(
  db: Database,
  sessionId: string,
  now: Date,
  limit: number,
): Promise<Revocation[]> {
  return await db.read<Revocation>(PAGE, [now, sessionId, limit]);
}

export async function deleteExpiredRevocations(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  await db.deleteAll(DELETE_EXPIRED, [now], signal);
}
