import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Account, Status } from "../accounts/account.ts";
import { ACCOUNTS, type AccountRow } from "../accounts/account-store.ts";

/** What a login is checked against. */
export interface Credentials {
  readonly userId: string;
  readonly email: string;
  readonly passwordHash: string;
  /** See account-proofs.ts; null for a hash from another writer. */
  readonly passwordProof: Buffer | null;
  readonly passwordSetTime: Date;
  readonly status: Status;
  /** 0 or 1. */
  readonly emailVerified: number;
}

/** A password as it is kept. */
export interface PasswordRecord {
  /** PHC string. */
  readonly hash: string;
  /** See account-proofs.ts. */
  readonly proof: Buffer;
}

/** An active account that has shown its password. */
export interface LockedAccount extends Pick<Account, "email" | "role" | "mfaEnabled"> {
  readonly accountProof: Buffer | null;
  readonly userId: string;
  readonly passwordSetTime: Date;
}

type LockedRow = Pick<AccountRow, "email" | "role" | "mfa_enabled"> & { account_proof: Buffer | null };

const CREDENTIALS = `SELECT id AS userId, email, password_hash AS passwordHash, password_proof AS passwordProof,
  password_set_time AS passwordSetTime,
  status, email_verified AS emailVerified FROM users`;
const HOLD_ACTIVE = `SELECT u.email, u.role, u.account_proof, t.user_id IS NOT NULL AS mfa_enabled FROM ${ACCOUNTS}
  WHERE u.id = ? AND u.status = 'ACTIVE' AND u.password_set_time = ? FOR SHARE OF u`;
const LOCK_PASSWORD = "SELECT 1 FROM users WHERE id = ? AND password_set_time = ? FOR UPDATE";
const UPDATE_PASSWORD =
  "UPDATE users SET password_hash = ?, password_proof = ?, password_set_time = ? WHERE id = ?";
const REPLACE_HASH =
  "UPDATE users SET password_hash = ?, password_proof = ? WHERE id = ? AND password_hash = ?";

export async function findCredentialsByEmail(db: Database, email: string): Promise<Credentials | undefined> {
  const [row] = await db.read<Credentials>(`${CREDENTIALS} WHERE email = ?`, [email]);
  return row;
}

export async function findCredentials(db: Database, userId: string): Promise<Credentials | undefined> {
  const [row] = await db.read<Credentials>(`${CREDENTIALS} WHERE id = ?`, [binaryId(userId)]);
  return row;
}

/**
 * Makes sure that an account is active until the transaction ends, so that whoever disables it meanwhile finds the
 * session that is being opened.
 *
 * @returns undefined if it is disabled, or if its password was changed after `passwordSetTime`
 */
export async function lockActive(
  tx: Transaction,
  { userId, passwordSetTime }: Pick<Credentials, "userId" | "passwordSetTime">,
): Promise<LockedAccount | undefined> {
  const [row] = await tx.read<LockedRow>(HOLD_ACTIVE, [binaryId(userId), passwordSetTime]);
  if (!row) return undefined;
  const { email, role, account_proof: accountProof, mfa_enabled: mfaEnabled } = row;
  return { userId, passwordSetTime, email, role, accountProof, mfaEnabled: mfaEnabled === 1 };
}

/** Puts a stronger hash of the same password in the place of `old`, unless the password was changed meanwhile. */
export async function replaceHash(
  db: Database,
  id: string,
  old: string,
  stronger: PasswordRecord,
): Promise<void> {
  await db.write(REPLACE_HASH, [stronger.hash, stronger.proof, binaryId(id), old]);
}

/** Keeps anybody else from changing the password. @returns whether it is still the one of `passwordSetTime` */
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
