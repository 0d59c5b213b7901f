import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ACCOUNTS } from "../accounts/account-store.ts";
import type { RefreshTokenState } from "./refresh-rules.ts";
import type { Session, SessionUser } from "./session.ts";

/** A stored refresh token with its session. */
export interface RefreshTokenRecord extends RefreshTokenState {
  readonly hash: Buffer;
  /** Time at which the token expires if it is not used. */
  readonly expireTime: Date;
  /** Proof (a keyed hash) that auth wrote the row, see refresh-token-secrets.ts. Null if the row has none. */
  readonly proof: Buffer | null;
  readonly session: Session & SessionUser & { readonly endTime: Date | null };
}

export interface Use {
  readonly time: Date;
  /** Hash of the idempotency key of the call that used the token; null if the call had none. */
  readonly key: Buffer | null;
  /** The next refresh token, encrypted; null if the call cannot be repeated. */
  readonly successor: Buffer | null;
  readonly successorExpireTime: Date | null;
}

const INSERT = "INSERT INTO refresh_tokens (token_hash, session_id, expire_time, proof) VALUES (?, ?, ?, ?)";
const CONSUME = `UPDATE refresh_tokens
  SET use_time = ?, use_key = ?, successor = ?, successor_expire_time = ?
  WHERE token_hash = ? AND use_time IS NULL AND expire_time > ?`;
const FIND = `SELECT r.token_hash AS hash, r.use_time AS useTime, r.use_key AS useKey, r.successor, r.proof,
  r.expire_time AS tokenExpireTime, s.id, s.user_id AS userId, s.auth_time AS authTime, s.expire_time AS expireTime,
  s.remembered, s.end_time AS endTime, u.role, u.email, u.account_proof AS accountProof,
  t.user_id IS NOT NULL AS mfaEnabled
  FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id JOIN ${ACCOUNTS} ON u.id = s.user_id
  WHERE r.token_hash = ?`;
const FORGET_SUCCESSORS = `UPDATE refresh_tokens SET successor = NULL, successor_expire_time = NULL
  WHERE successor_expire_time <= ? LIMIT 1000`;

type TokenRow = Omit<RefreshTokenRecord, "session" | "expireTime"> & {
  readonly tokenExpireTime: Date;
} & Omit<RefreshTokenRecord["session"], "remembered" | "mfaEnabled"> & {
    /** 0 or 1. */
    readonly remembered: number;
    /** 0 or 1. */
    readonly mfaEnabled: number;
  };

export function insertRefreshToken(
  tx: Transaction,
  token: { hash: Buffer; sessionId: string; expireTime: Date; proof: Buffer },
): void {
  tx.defer(INSERT, [token.hash, binaryId(token.sessionId), token.expireTime, token.proof]);
}

/** Marks the token as used. @returns true for only one of several concurrent calls with the token */
export async function consumeRefreshToken(tx: Transaction, hash: Buffer, use: Use): Promise<boolean> {
  const { affectedRows } = await tx.write(CONSUME, [
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
  const [row] = await tx.read<TokenRow>(FIND, [hash]);
  return row && toRecord(row);
}

/**
 * Erases the stored successors of up to a thousand used refresh tokens. A successor is the next token; it is
 * stored for as long as the call that got it can be repeated.
 */
export async function forgetSuccessors(db: Database, now: Date): Promise<void> {
  await db.write(FORGET_SUCCESSORS, [now]);
}

const toRecord = ({
  hash,
  useTime,
  useKey,
  successor,
  proof,
  tokenExpireTime,
  remembered,
  mfaEnabled,
  ...session
}: TokenRow): RefreshTokenRecord => ({
  hash,
  useTime,
  useKey,
  successor,
  proof,
  expireTime: tokenExpireTime,
  session: { ...session, remembered: remembered === 1, mfaEnabled: mfaEnabled === 1 },
});
