import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";
import { repeat } from "@medconnect/platform/jobs/jobs.ts";
import { ACCOUNTS } from "../accounts/account-store.ts";

/** Somebody who is signed in. */
export interface Session {
  /** The `sid` of its access tokens. */
  readonly id: string;
  readonly userId: string;
  /** When the user proved who they are. */
  readonly authTime: Date;
  /** When it ends, however much it is used. */
  readonly expireTime: Date;
  /** Whether it lasts longer than others, as its user asked to be remembered. */
  readonly remembered: boolean;
}

/** A refresh token as it is kept: what it was exchanged for can be read only with the token itself. */
export interface RefreshTokenRecord {
  readonly hash: Buffer;
  readonly useTime: Date | null;
  readonly useKey: Buffer | null;
  readonly successor: Buffer | null;
  /** Expiry of the unused token. */
  readonly expireTime: Date;
  /** See refresh-token-proof.ts; null for a row that auth did not write. */
  readonly proof: Buffer | null;
  readonly session: Session & {
    readonly endTime: Date | null;
    readonly role: Role;
    readonly email: string;
    readonly accountProof: Buffer | null;
    readonly mfaEnabled: boolean;
  };
}

/** How a refresh token is used up. */
export interface Use {
  readonly time: Date;
  /** Hash of the idempotency key; null without one. */
  readonly key: Buffer | null;
  /** The next token, sealed; null where the call is not to be repeated. */
  readonly successor: Buffer | null;
  readonly successorExpireTime: Date | null;
}

const INSERT_SESSION =
  "INSERT INTO sessions (id, user_id, auth_time, expire_time, remembered) VALUES (?, ?, ?, ?, ?)";
const PROLONG = "UPDATE sessions SET use_time = ?, idle_expire_time = ?, client = ? WHERE id = ?";
const INSERT_TOKEN =
  "INSERT INTO refresh_tokens (token_hash, session_id, expire_time, proof) VALUES (?, ?, ?, ?)";
const CONSUME_TOKEN = `UPDATE refresh_tokens
  SET use_time = ?, use_key = ?, successor = ?, successor_expire_time = ?
  WHERE token_hash = ? AND use_time IS NULL AND expire_time > ?`;
const FIND_TOKEN = `SELECT r.token_hash, r.use_time, r.use_key, r.successor, r.proof, r.expire_time AS idle_time, s.id, s.user_id, s.auth_time,
  s.expire_time, s.remembered, s.end_time, u.role, u.email, u.account_proof,
  t.user_id IS NOT NULL AS mfa_enabled
  FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id JOIN ${ACCOUNTS} ON u.id = s.user_id
  WHERE r.token_hash = ?`;
const END = "UPDATE sessions SET end_time = ? WHERE id IN (?) AND end_time IS NULL";
const LOCK_LIVE = `SELECT id FROM sessions
  WHERE id = ? AND user_id = ? AND end_time IS NULL AND expire_time > ? FOR UPDATE`;
const LIVE_OF_USER = `SELECT id FROM sessions
  WHERE user_id = ? AND end_time IS NULL AND expire_time > ? ORDER BY id FOR UPDATE`;
const FORGET_SUCCESSORS = `UPDATE refresh_tokens SET successor = NULL, successor_expire_time = NULL
  WHERE successor_expire_time <= ? LIMIT 1000`;
const EXPIRED = "SELECT id FROM sessions WHERE expire_time <= ? LIMIT ?";
const DELETED_AT_ONCE = 500;
const DELETE_TOKENS = "DELETE FROM refresh_tokens WHERE session_id IN (?)";
const DELETE_SESSIONS = "DELETE FROM sessions WHERE id IN (?)";

interface TokenRow {
  token_hash: Buffer;
  use_time: Date | null;
  use_key: Buffer | null;
  successor: Buffer | null;
  proof: Buffer | null;
  idle_time: Date;
  id: string;
  user_id: string;
  auth_time: Date;
  expire_time: Date;
  remembered: number;
  end_time: Date | null;
  role: Role;
  email: string;
  account_proof: Buffer | null;
  mfa_enabled: number;
}

export function insertSession(tx: Transaction, session: Session): void {
  const { id, userId, authTime, expireTime, remembered } = session;
  tx.defer(INSERT_SESSION, [binaryId(id), binaryId(userId), authTime, expireTime, remembered]);
}

/** How a session was used. */
export interface SessionUse {
  readonly time: Date;
  /** Until when it may rest now. */
  readonly idleExpireTime: Date;
  /** From where; sealed. */
  readonly client: Buffer;
}

export function prolongSession(
  tx: Transaction,
  id: string,
  { time, idleExpireTime, client }: SessionUse,
): void {
  tx.defer(PROLONG, [time, idleExpireTime, client, binaryId(id)]);
}

export function insertRefreshToken(
  tx: Transaction,
  token: { hash: Buffer; sessionId: string; expireTime: Date; proof: Buffer },
): void {
  tx.defer(INSERT_TOKEN, [token.hash, binaryId(token.sessionId), token.expireTime, token.proof]);
}

/** Uses a refresh token up. @returns whether it could still be used: of many at once, one can */
export async function consumeRefreshToken(tx: Transaction, hash: Buffer, use: Use): Promise<boolean> {
  const { affectedRows } = await tx.write(CONSUME_TOKEN, [
    use.time,
    use.key,
    use.successor,
    use.successorExpireTime,
    hash,
    use.time,
  ]);
  return affectedRows === 1;
}

export async function findRefreshToken(
  tx: Transaction,
  hash: Buffer,
): Promise<RefreshTokenRecord | undefined> {
  const [row] = await tx.read<TokenRow>(FIND_TOKEN, [hash]);
  return (
    row && {
      hash: row.token_hash,
      useTime: row.use_time,
      useKey: row.use_key,
      successor: row.successor,
      expireTime: row.idle_time,
      proof: row.proof,
      session: {
        id: row.id,
        userId: row.user_id,
        authTime: row.auth_time,
        expireTime: row.expire_time,
        remembered: row.remembered === 1,
        endTime: row.end_time,
        role: row.role,
        email: row.email,
        accountProof: row.account_proof,
        mfaEnabled: row.mfa_enabled === 1,
      },
    }
  );
}

export function markEnded(tx: Transaction, ids: string[], now: Date): void {
  tx.defer(END, [now, ids.map(binaryId)]);
}

/** Nobody else ends a user's session until the transaction does. @returns whether it was live */
export async function lockLiveSession(
  tx: Transaction,
  { id, userId }: Pick<Session, "id" | "userId">,
  now: Date,
): Promise<boolean> {
  return (await tx.read(LOCK_LIVE, [binaryId(id), binaryId(userId), now])).length === 1;
}

/** The ids of a user's live sessions, locked. */
export async function lockLiveSessions(tx: Transaction, userId: string, now: Date): Promise<string[]> {
  const rows = await tx.read<{ id: string }>(LIVE_OF_USER, [binaryId(userId), now]);
  return rows.map((row) => row.id);
}

/** Forgets what refresh tokens were exchanged for, a thousand at a time, when the call can no longer be repeated. */
export async function forgetSuccessors(db: Database, now: Date): Promise<void> {
  await db.write(FORGET_SUCCESSORS, [now]);
}

/** Deletes sessions that have expired, with all their refresh tokens, 500 a transaction; `signal` ends it between two. */
export async function deleteExpiredSessions(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  await repeat(async () => (await deleteSomeExpired(db, now)) === DELETED_AT_ONCE, signal);
}

async function deleteSomeExpired(db: Database, now: Date): Promise<number> {
  return await db.transaction(async (tx) => {
    const ids = (await tx.read<{ id: string }>(EXPIRED, [now, DELETED_AT_ONCE])).map((row) =>
      binaryId(row.id),
    );
    if (ids.length === 0) return 0;
    tx.defer(DELETE_TOKENS, [ids]);
    tx.defer(DELETE_SESSIONS, [ids]);
    return ids.length;
  });
}
