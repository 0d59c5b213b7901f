import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { repeat } from "@medconnect/platform/jobs/jobs.ts";
import type { Session } from "./session.ts";

/** Latest use of a session. */
export interface SessionUse {
  readonly time: Date;
  /** Time at which the session expires unless it is used again. */
  readonly idleExpireTime: Date;
  /** Device that used the session, encrypted; see session-client.ts. */
  readonly client: Buffer;
}

const INSERT =
  "INSERT INTO sessions (id, user_id, auth_time, expire_time, remembered) VALUES (?, ?, ?, ?, ?)";
const RECORD_USE = "UPDATE sessions SET use_time = ?, idle_expire_time = ?, client = ? WHERE id = ?";
const END = "UPDATE sessions SET end_time = ? WHERE id IN (?) AND end_time IS NULL";
const END_ALL = "UPDATE sessions SET end_time = ? WHERE end_time IS NULL";
const LOCK_LIVE = `SELECT id FROM sessions
  WHERE id = ? AND user_id = ? AND end_time IS NULL AND expire_time > ? FOR UPDATE`;
const LOCK_LIVE_OF_USER = `SELECT id FROM sessions
  WHERE user_id = ? AND end_time IS NULL AND expire_time > ? ORDER BY id FOR UPDATE`;
const FIND_EXPIRED = "SELECT id FROM sessions WHERE expire_time <= ? LIMIT ?";
const DELETE_TOKENS = "DELETE FROM refresh_tokens WHERE session_id IN (?)";
const DELETE_SESSIONS = "DELETE FROM sessions WHERE id IN (?)";
/** Maximum number of sessions deleted in one transaction. */
const BATCH = 500;

export function insertSession(tx: Transaction, session: Session): void {
  const { id, userId, authTime, expireTime, remembered } = session;
  tx.defer(INSERT, [binaryId(id), binaryId(userId), authTime, expireTime, remembered]);
}

export function recordSessionUse(
  tx: Transaction,
  id: string,
  { time, idleExpireTime, client }: SessionUse,
): void {
  tx.defer(RECORD_USE, [time, idleExpireTime, client, binaryId(id)]);
}

export function markEnded(tx: Transaction, ids: string[], now: Date): void {
  tx.defer(END, [now, ids.map(binaryId)]);
}

/** Ends the sessions of all users. */
export function endAllSessions(tx: Transaction, now: Date): void {
  tx.defer(END_ALL, [now]);
}

/** Locks a user's session until the transaction ends. @returns true if it has neither ended nor expired */
export async function lockLiveSession(
  tx: Transaction,
  { id, userId }: Pick<Session, "id" | "userId">,
  now: Date,
): Promise<boolean> {
  return (await tx.read(LOCK_LIVE, [binaryId(id), binaryId(userId), now])).length === 1;
}

/**
 * Locks a user's live sessions, which have neither ended nor expired, until the transaction ends.
 *
 * @returns the ids of these sessions
 */
export async function lockLiveSessions(tx: Transaction, userId: string, now: Date): Promise<string[]> {
  const rows = await tx.read<{ id: string }>(LOCK_LIVE_OF_USER, [binaryId(userId), now]);
  return rows.map((row) => row.id);
}

/** Deletes expired sessions with their refresh tokens. */
export async function deleteExpiredSessions(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  await repeat(async () => (await deleteBatch(db, now)) === BATCH, signal);
}

async function deleteBatch(db: Database, now: Date): Promise<number> {
  return await db.transaction(async (tx) => {
    const expired = await tx.read<{ id: string }>(FIND_EXPIRED, [now, BATCH]);
    if (expired.length === 0) return 0;
    const ids = expired.map(({ id }) => binaryId(id));
    tx.defer(DELETE_TOKENS, [ids]);
    tx.defer(DELETE_SESSIONS, [ids]);
    return expired.length;
  });
}
