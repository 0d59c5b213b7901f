import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Account } from "../accounts/account.ts";
import { ACCOUNTS } from "../accounts/account-store.ts";

/** An account's password hash, and the data that decides whether the account may sign in. */
export interface Credentials extends Pick<Account, "email" | "status" | "emailVerified"> {
  readonly userId: string;
  readonly passwordHash: string;
  /** Proof (a keyed hash) that auth wrote the password hash, see account-proofs.ts. Null if there is none. */
  readonly passwordProof: Buffer | null;
  readonly passwordSetTime: Date;
}

/** Password hash of an account, with the proof that auth made the hash. */
export interface PasswordRecord {
  /** Hash with its parameters and salt, as a PHC string. */
  readonly hash: string;
  /** Proof (a keyed hash) that auth made the password hash for the account; see account-proofs.ts. */
  readonly proof: Buffer;
}

/** An active account whose password was verified, locked until the transaction ends. */
export interface LockedAccount extends Pick<Account, "email" | "role" | "mfaEnabled"> {
  readonly userId: string;
  readonly accountProof: Buffer | null;
  readonly passwordSetTime: Date;
}

interface CredentialsRow extends Omit<Credentials, "emailVerified"> {
  /** 0 or 1. */
  readonly emailVerified: number;
}

interface LockedRow extends Pick<LockedAccount, "email" | "role" | "accountProof"> {
  /** 0 or 1. */
  readonly mfaEnabled: number;
}

const CREDENTIALS = `SELECT id AS userId, email, password_hash AS passwordHash, password_proof AS passwordProof,
  password_set_time AS passwordSetTime, status, email_verified AS emailVerified FROM users`;
const FIND = `${CREDENTIALS} WHERE id = ?`;
const FIND_BY_EMAIL = `${CREDENTIALS} WHERE email = ?`;
const LOCK_ACTIVE = `SELECT u.email, u.role, u.account_proof AS accountProof, t.user_id IS NOT NULL AS mfaEnabled
  FROM ${ACCOUNTS} WHERE u.id = ? AND u.status = 'ACTIVE' AND u.password_set_time = ? FOR SHARE OF u`;
const LOCK_PASSWORD = "SELECT 1 FROM users WHERE id = ? AND password_set_time = ? FOR UPDATE";
const UPDATE_PASSWORD =
  "UPDATE users SET password_hash = ?, password_proof = ?, password_set_time = ? WHERE id = ?";
const REPLACE_HASH =
  "UPDATE users SET password_hash = ?, password_proof = ? WHERE id = ? AND password_hash = ?";

export async function findCredentials(db: Database, userId: string): Promise<Credentials | undefined> {
  const [row] = await db.read<CredentialsRow>(FIND, [binaryId(userId)]);
  return row && toCredentials(row);
}

export async function findCredentialsByEmail(db: Database, email: string): Promise<Credentials | undefined> {
  const [row] = await db.read<CredentialsRow>(FIND_BY_EMAIL, [email]);
  return row && toCredentials(row);
}

/**
 * Locks an active account until the transaction ends. A concurrent DisableUser waits, and then ends the
 * session that this transaction opens.
 *
 * @returns undefined if the account is disabled, or its password was changed after `passwordSetTime`
 */
export async function lockActive(
  tx: Transaction,
  { userId, passwordSetTime }: Pick<Credentials, "userId" | "passwordSetTime">,
): Promise<LockedAccount | undefined> {
  const [row] = await tx.read<LockedRow>(LOCK_ACTIVE, [binaryId(userId), passwordSetTime]);
  return row && { ...row, userId, passwordSetTime, mfaEnabled: row.mfaEnabled === 1 };
}

/**
 * Replaces a password hash with a stronger hash of the same password. Changes nothing if the stored hash is
 * not `old` any more.
 */
export async function replaceHash(
  db: Database,
  id: string,
  old: string,
  stronger: PasswordRecord,
): Promise<void> {
  await db.write(REPLACE_HASH, [stronger.hash, stronger.proof, binaryId(id), old]);
}

/**
 * Locks an account's password until the transaction ends.
 *
 * @returns true if the password has not changed since `passwordSetTime`
 */
export async function lockPassword(tx: Transaction, userId: string, passwordSetTime: Date): Promise<boolean> {
  return (await tx.read(LOCK_PASSWORD, [binaryId(userId), passwordSetTime])).length === 1;
}

export function updatePassword(
  tx: Transaction,
  userId: string,
  { hash, proof }: PasswordRecord,
  now: Date,
): void {
  tx.defer(UPDATE_PASSWORD, [hash, proof, now, binaryId(userId)]);
}

const toCredentials = (row: CredentialsRow): Credentials => ({
  ...row,
  emailVerified: row.emailVerified === 1,
});
