import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Account } from "../accounts/account.ts";
import { ACCOUNT_COLUMNS, ACCOUNTS, type AccountRow, toAccount } from "../accounts/account-store.ts";

/** The token of a link that resets the password, as it is kept. */
export interface LinkToken {
  readonly hash: Buffer;
  readonly userId: string;
  readonly expireTime: Date;
  /** See link-tokens.ts; null for a row that auth did not write. */
  readonly proof: Buffer | null;
}

/** A link with the account that it names. */
export interface FoundLink {
  readonly link: LinkToken;
  readonly account: Account;
  /** See account-proofs.ts. */
  readonly accountProof: Buffer | null;
}

interface LinkRow extends AccountRow {
  account_proof: Buffer | null;
  link_time: Date;
  proof: Buffer | null;
}

const TAKE_TURN = `UPDATE users SET reset_mail_time = ?
  WHERE id = ? AND (reset_mail_time IS NULL OR reset_mail_time <= ?)`;
const INSERT = `INSERT INTO link_tokens (token_hash, user_id, purpose, expire_time, proof)
  VALUES (?, ?, 'RESET_PASSWORD', ?, ?)`;
const FIND_OWNER = `SELECT ${ACCOUNT_COLUMNS}, u.account_proof, l.expire_time AS link_time, l.proof FROM link_tokens l JOIN ${ACCOUNTS}
  WHERE u.id = l.user_id AND l.token_hash = ? AND l.purpose = 'RESET_PASSWORD' AND l.expire_time > ?`;
const CONSUME = `DELETE FROM link_tokens
  WHERE token_hash = ? AND purpose = 'RESET_PASSWORD' AND expire_time > ?`;
const DELETE_OF_USER = "DELETE FROM link_tokens WHERE user_id = ? AND purpose = 'RESET_PASSWORD'";
const DELETE_EXPIRED = "DELETE FROM link_tokens WHERE expire_time <= ? LIMIT ?";

/**
 * Notes that a link goes out to an account now, unless one went out after `since`.
 *
 * @returns whether it may: of many at once, one may
 */
export async function takeLinkTurn(
  tx: Transaction,
  userId: string,
  { now, since }: { now: Date; since: Date },
): Promise<boolean> {
  return (await tx.write(TAKE_TURN, [now, binaryId(userId), since])).affectedRows === 1;
}

export function insertLinkToken(tx: Transaction, { hash, userId, expireTime, proof }: LinkToken): void {
  tx.defer(INSERT, [hash, binaryId(userId), expireTime, proof]);
}

/** A valid link with its account. */
export async function findLink(db: Database, hash: Buffer, now: Date): Promise<FoundLink | undefined> {
  const [row] = await db.read<LinkRow>(FIND_OWNER, [hash, now]);
  if (!row) return undefined;
  const { id: userId, link_time: expireTime, proof } = row;
  const link = { hash, userId, expireTime, proof };
  return { link, account: toAccount(row), accountProof: row.account_proof };
}

/** Uses a token up. @returns whether it could still be used: of many at once, one can */
export async function consumeLinkToken(tx: Transaction, hash: Buffer, now: Date): Promise<boolean> {
  return (await tx.write(CONSUME, [hash, now])).affectedRows === 1;
}

/** Voids every link of a user's. */
export function deleteLinkTokens(tx: Transaction, userId: string): void {
  tx.defer(DELETE_OF_USER, [binaryId(userId)]);
}

export async function deleteExpiredLinkTokens(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  await db.deleteAll(DELETE_EXPIRED, [now], signal);
}
