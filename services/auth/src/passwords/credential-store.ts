import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ACCOUNTS, type Account, type AccountRow, type Status } from "../accounts/account-store.ts";

/** What a login is checked against. */
export interface Credentials {
  readonly userId: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly passwordSetTime: Date;
  readonly status: Status;
  /** 0 or 1. */
  readonly emailVerified: number;
}

/** An active account that has shown its password. */
export interface HeldAccount extends Pick<Account, "role" | "mfaEnabled"> {
  readonly userId: string;
  readonly passwordSetTime: Date;
}

const CREDENTIALS = `SELECT id AS userId, email, password_hash AS passwordHash, password_set_time AS passwordSetTime,
  status, email_verified AS emailVerified FROM users`;
const HOLD_ACTIVE = `SELECT u.role, t.user_id IS NOT NULL AS mfa_enabled FROM ${ACCOUNTS}
  WHERE u.id = ? AND u.status = 'ACTIVE' AND u.password_set_time = ? FOR SHARE OF u`;
const LOCK_PASSWORD = "SELECT 1 FROM users WHERE id = ? AND password_set_time = ? FOR UPDATE";
const UPDATE_PASSWORD = "UPDATE users SET password_hash = ?, password_set_time = ? WHERE id = ?";
const REPLACE_HASH = "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?";

export async function findCredentialsByEmail(db: Database, email: string): Promise<Credentials | undefined> {
  const [row] = await db.read<Credentials>(`${CREDENTIALS} WHERE email = ?`, [email]);
  return row;
}

export async function findCredentials(db: Database, userId: string): Promise<Credentials | undefined> {
  const [row] = await db.read<Credentials>(`${CREDENTIALS} WHERE id = ?`, [userId]);
  return row;
}

/**
 * Makes sure that an account is active until the transaction ends, so that whoever disables it meanwhile finds the
 * session that is being opened.
 *
 * @returns undefined if it is disabled, or if its password was changed after `passwordSetTime`
 */
export async function holdActive(
  tx: Transaction,
  { userId, passwordSetTime }: Pick<Credentials, "userId" | "passwordSetTime">,
): Promise<HeldAccount | undefined> {
  const [row] = await tx.read<Pick<AccountRow, "role" | "mfa_enabled">>(HOLD_ACTIVE, [
    userId,
    passwordSetTime,
  ]);
  return row && { userId, passwordSetTime, role: row.role, mfaEnabled: row.mfa_enabled === 1 };
}

/** Puts a stronger hash of the same password in the place of `old`, unless the password was changed meanwhile. */
export async function replaceHash(db: Database, id: string, old: string, stronger: string): Promise<void> {
  await db.write(REPLACE_HASH, [stronger, id, old]);
}

/** Keeps anybody else from changing the password. @returns whether it is still the one of `passwordSetTime` */
export async function lockPassword(tx: Transaction, userId: string, passwordSetTime: Date): Promise<boolean> {
  return (await tx.read(LOCK_PASSWORD, [userId, passwordSetTime])).length === 1;
}

export function updatePassword(tx: Transaction, userId: string, passwordHash: string, now: Date): void {
  tx.defer(UPDATE_PASSWORD, [passwordHash, now, userId]);
}
