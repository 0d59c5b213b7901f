import type { KeyedHash } from "@medconnect/platform/crypto/keyed-hash.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";
import type { Account, NewAccount, Profile, Status } from "./account.ts";
import { accountProof, passwordProof } from "./account-proofs.ts";

/** The columns of an `AccountRow`; needs `ACCOUNTS`. */
export const ACCOUNT_COLUMNS = `u.id, u.email, u.full_name, u.role, u.status, u.email_verified, u.date_of_birth,
  u.phone, u.time_zone, u.locale, u.region, u.version, u.create_time, t.user_id IS NOT NULL AS mfa_enabled`;
export const ACCOUNTS = `users u LEFT JOIN mfa_totp t ON t.user_id = u.id AND t.activate_time IS NOT NULL`;

const FIND = `SELECT ${ACCOUNT_COLUMNS} FROM ${ACCOUNTS} WHERE u.id = ?`;
const FIND_FOR_CHANGE = `${FIND} FOR UPDATE OF u`;
const FIND_BY_EMAIL = `SELECT ${ACCOUNT_COLUMNS} FROM ${ACCOUNTS} WHERE u.email = ?`;
const INSERT = `INSERT INTO users (id, email, password_hash, password_set_time, full_name, role, status,
  email_verified, create_time, account_proof, password_proof) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const UPDATE_PROFILE = `UPDATE users SET full_name = ?, date_of_birth = ?, phone = ?, time_zone = ?, locale = ?, region = ?,
  version = version + 1 WHERE id = ?`;
const SET_STATUS = "UPDATE users SET status = ?, version = version + 1 WHERE id = ?";
const MARK_EMAIL_VERIFIED = "UPDATE users SET email_verified = TRUE, version = version + 1 WHERE id = ?";
const TOUCH = "UPDATE users SET version = version + 1 WHERE id = ?";

export interface AccountRow {
  id: string;
  email: string;
  full_name: string;
  role: Role;
  status: Status;
  email_verified: number;
  date_of_birth: Date | null;
  phone: string;
  time_zone: string;
  locale: string;
  region: string;
  version: number;
  create_time: Date;
  mfa_enabled: number;
}

export async function findAccount(db: Database, id: string): Promise<Account | undefined> {
  const [row] = await db.read<AccountRow>(FIND, [binaryId(id)]);
  return row && toAccount(row);
}

/** As `findAccount`, and nobody else changes it until the transaction ends. */
export async function lockAccount(tx: Transaction, id: string): Promise<Account | undefined> {
  const [row] = await tx.read<AccountRow>(FIND_FOR_CHANGE, [binaryId(id)]);
  return row && toAccount(row);
}

export async function findAccountByEmail(db: Database, email: string): Promise<Account | undefined> {
  const [row] = await db.read<AccountRow>(FIND_BY_EMAIL, [email]);
  return row && toAccount(row);
}

/** Throws ER_DUP_ENTRY on `users.users_email`. @param hash makes the account's proofs */
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

/** Gives the account a new version, for a change that it shows but that lies in another table. */
export function touchAccount(tx: Transaction, id: string): void {
  tx.defer(TOUCH, [binaryId(id)]);
}

export const toAccount = (row: AccountRow): Account => ({
  id: row.id,
  email: row.email,
  fullName: row.full_name,
  role: row.role,
  status: row.status,
  emailVerified: row.email_verified === 1,
  mfaEnabled: row.mfa_enabled === 1,
  // A DATE comes as midnight UTC.
  dateOfBirth: row.date_of_birth?.toISOString().slice(0, 10) ?? "",
  phone: row.phone,
  timeZone: row.time_zone,
  locale: row.locale,
  region: row.region,
  version: row.version,
  createTime: row.create_time,
});
