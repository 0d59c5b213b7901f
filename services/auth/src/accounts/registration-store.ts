import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Account } from "./account-store.ts";

/** Somebody's word that an address is theirs, until they have shown that it is. */
export interface Registration extends Pick<Account, "id" | "email" | "fullName" | "role"> {
  readonly passwordHash: string;
}

const INSERT = `INSERT INTO registrations (id, email, password_hash, full_name, role, token_hash, expire_time)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;
const FIND = `SELECT id, email, password_hash AS passwordHash, full_name AS fullName, role FROM registrations
  WHERE token_hash = ? AND expire_time > ?`;
/** The row stays for its link, which answers alike as long as it lasts. */
const FORGET_PASSWORD = "UPDATE registrations SET password_hash = '' WHERE id = ?";
const DELETE_OTHERS = "DELETE FROM registrations WHERE email = ? AND id <> ?";
const DELETE_EXPIRED = "DELETE FROM registrations WHERE expire_time <= ? LIMIT ?";

export function insertRegistration(
  tx: Transaction,
  { id, email, passwordHash, fullName, role }: Registration,
  link: { tokenHash: Buffer; expireTime: Date },
): void {
  tx.defer(INSERT, [id, email, passwordHash, fullName, role, link.tokenHash, link.expireTime]);
}

/** The registration that a link was mailed for, as long as the link is good. */
export async function findRegistration(
  db: Database,
  tokenHash: Buffer,
  now: Date,
): Promise<Registration | undefined> {
  const [row] = await db.read<Registration>(FIND, [tokenHash, now]);
  return row;
}

/** Once one is an account: forgets its password, which the account keeps, and voids the links of the others of its address. */
export function settleRegistrations(tx: Transaction, { id, email }: Registration): void {
  tx.defer(FORGET_PASSWORD, [id]);
  tx.defer(DELETE_OTHERS, [email, id]);
}

export async function deleteExpiredRegistrations(
  db: Database,
  now: Date,
  signal?: AbortSignal,
): Promise<void> {
  await db.deleteAll(DELETE_EXPIRED, [now], signal);
}
