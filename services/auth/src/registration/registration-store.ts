import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Account } from "../accounts/account.ts";

/** A registration whose address is not verified yet. */
export interface Registration extends Pick<Account, "id" | "email" | "fullName" | "role"> {
  readonly passwordHash: string;
}

/** The stored link of a registration. */
export interface RegistrationLink {
  readonly tokenHash: Buffer;
  readonly expireTime: Date;
  /** Proof (a keyed hash) that auth wrote the row, see registration-proof.ts. Null if the row has none. */
  readonly proof: Buffer | null;
}

const INSERT = `INSERT INTO registrations (id, email, password_hash, full_name, role, token_hash, expire_time, proof)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
const FIND = `SELECT id, email, password_hash AS passwordHash, full_name AS fullName, role, token_hash AS tokenHash,
  expire_time AS expireTime, proof FROM registrations
  WHERE token_hash = ? AND expire_time > ?`;
/**
 * Erases the password hash of a completed registration. The row stays, so that a second click on the link
 * gets the same response until the link expires.
 */
const FORGET_PASSWORD = "UPDATE registrations SET password_hash = '' WHERE id = ?";
const DELETE_OTHERS = "DELETE FROM registrations WHERE email = ? AND id <> ?";
const DELETE_EXPIRED = "DELETE FROM registrations WHERE expire_time <= ? LIMIT ?";

export function insertRegistration(
  tx: Transaction,
  { id, email, passwordHash, fullName, role }: Registration,
  { tokenHash, expireTime, proof }: RegistrationLink,
): void {
  tx.defer(INSERT, [binaryId(id), email, passwordHash, fullName, role, tokenHash, expireTime, proof]);
}

/** Finds the registration that belongs to a link, if the link has not expired. */
export async function findRegistration(
  db: Database,
  tokenHash: Buffer,
  now: Date,
): Promise<(Registration & RegistrationLink) | undefined> {
  const [row] = await db.read<Registration & RegistrationLink>(FIND, [tokenHash, now]);
  return row;
}

/**
 * Ends all registrations of an address after one of them has become an account. Erases the password hash of
 * the completed registration, and deletes the others, so their links no longer work.
 */
export function completeRegistration(tx: Transaction, { id, email }: Registration): void {
  tx.defer(FORGET_PASSWORD, [binaryId(id)]);
  tx.defer(DELETE_OTHERS, [email, binaryId(id)]);
}

export async function deleteExpiredRegistrations(
  db: Database,
  now: Date,
  signal?: AbortSignal,
): Promise<void> {
  await db.deleteAll(DELETE_EXPIRED, [now], signal);
}
