import type { KeyedHash } from "@medconnect/platform/crypto/keyed-hash.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Account, NewAccount, Profile, Status } from "./account.ts";
import { accountProof, passwordProof } from "./account-proofs.ts";

/**
 * Join of users (`u`) with their active authenticators (`t`). Users without an active authenticator are
 * included.
 */
export const ACCOUNTS = "users u LEFT JOIN mfa_totp t ON t.user_id = u.id AND t.activate_time IS NOT NULL";
/** Columns that make an `AccountRow`, to select from `ACCOUNTS`. */
export const ACCOUNT_COLUMNS = `u.id, u.email, u.full_name AS fullName, u.role, u.status,
  u.email_verified AS emailVerified, u.date_of_birth AS dateOfBirth, u.phone, u.time_zone AS timeZone, u.locale,
  u.region, u.version, u.create_time AS createTime, t.user_id IS NOT NULL AS mfaEnabled`;

export interface AccountRow extends Omit<Account, "emailVerified" | "mfaEnabled" | "dateOfBirth"> {
  /** 0 or 1. */
  readonly emailVerified: number;
  /** 0 or 1. */
  readonly mfaEnabled: number;
  /** The date at midnight UTC. */
  readonly dateOfBirth: Date | null;
}

const FIND = `SELECT ${ACCOUNT_COLUMNS} FROM ${ACCOUNTS} WHERE u.id = ?`;
const LOCK = `${FIND} FOR UPDATE OF u`;
const FIND_BY_EMAIL = `SELECT ${ACCOUNT_COLUMNS} FROM ${ACCOUNTS} WHERE u.email = ?`;
const INSERT = `INSERT INTO users (id, email, password_hash, password_set_time, full_name, role, status,
  email_verified, create_time, account_proof, password_proof) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const UPDATE_PROFILE = `UPDATE users SET full_name = ?, date_of_birth = ?, phone = ?, time_zone = ?, locale = ?,
  region = ?, version = version + 1 WHERE id = ?`;
const SET_STATUS = "UPDATE users SET status = ?, version = version + 1 WHERE id = ?";
const MARK_EMAIL_VERIFIED = "UPDATE users SET email_verified = TRUE, version = version + 1 WHERE id = ?";
const RAISE_VERSION = "UPDATE users SET version = version + 1 WHERE id = ?";

export async function findAccount(db: Database, id: string): Promise<Account | undefined> {
  const [row] = await db.read<AccountRow>(FIND, [binaryId(id)]);
  return row && toAccount(row);
}

/** Locks an account until the transaction ends. */
export async function lockAccount(tx: Transaction, id: string): Promise<Account | undefined> {
  const [row] = await tx.read<AccountRow>(LOCK, [binaryId(id)]);
  return row && toAccount(row);
}

export async function findAccountByEmail(db: Database, email: string): Promise<Account | undefined> {
  const [row] = await db.read<AccountRow>(FIND_BY_EMAIL, [email]);
  return row && toAccount(row);
}

/**
 * Inserts an account. Throws ER_DUP_ENTRY on `users.users_email` if the address has an account already.
 *
 * @param hash keyed hash that makes the proofs of the account
 */
export async function insertAccount(
  tx: Transaction,
  { account, passwordHash }: NewAccount,
  hash: KeyedHash,
): Promise<void> {
  const { id, email, fullName, role, status, emailVerified, createTime } = account;
  await tx.write(INSERT, [
    binaryId(id),
    email,
    passwordHash,
    createTime,
    fullName,
    role,
    status,
    emailVerified,
    createTime,
    accountProof(hash, account),
    passwordProof(hash, id, passwordHash),
  ]);
}

export function updateProfile(tx: Transaction, id: string, profile: Profile): void {
  const { fullName, dateOfBirth, phone, timeZone, locale, region } = profile;
  tx.defer(UPDATE_PROFILE, [fullName, dateOfBirth || null, phone, timeZone, locale, region, binaryId(id)]);
}

export function setStatus(tx: Transaction, id: string, status: Status): void {
  tx.defer(SET_STATUS, [status, binaryId(id)]);
}

export function markEmailVerified(tx: Transaction, id: string): void {
  tx.defer(MARK_EMAIL_VERIFIED, [binaryId(id)]);
}

/**
 * Raises an account's version after a change in another table that clients see in the account, such as a new
 * second factor.
 */
export function raiseVersion(tx: Transaction, id: string): void {
  tx.defer(RAISE_VERSION, [binaryId(id)]);
}

export const toAccount = (row: AccountRow): Account => ({
  ...row,
  emailVerified: row.emailVerified === 1,
  mfaEnabled: row.mfaEnabled === 1,
  dateOfBirth: row.dateOfBirth?.toISOString().slice(0, 10) ?? "",
});
