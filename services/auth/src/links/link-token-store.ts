import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Account } from "../accounts/account.ts";
import { ACCOUNT_COLUMNS, ACCOUNTS, type AccountRow, toAccount } from "../accounts/account-store.ts";

/** Stored token of a mailed link that resets the password. */
export interface LinkToken {
  /** SHA-256 of the token. */
  readonly hash: Buffer;
  readonly userId: string;
  readonly expireTime: Date;
  /** Proof (a keyed hash) that auth wrote the row, see link-tokens.ts. Null if the row has none. */
  readonly proof: Buffer | null;
}

export interface FoundLink {
  readonly link: LinkToken;
  readonly account: Account;
  /**
   * Proof (a keyed hash) that auth wrote the account, see account-proofs.ts. Null if the account has none.
   */
  readonly accountProof: Buffer | null;
}

interface LinkRow extends AccountRow {
  readonly accountProof: Buffer | null;
  readonly linkExpireTime: Date;
  readonly linkProof: Buffer | null;
}

const RECORD_MAIL = `UPDATE users SET reset_mail_time = ?
  WHERE id = ? AND (reset_mail_time IS NULL OR reset_mail_time <= ?)`;
const INSERT = `INSERT INTO link_tokens (token_hash, user_id, purpose, expire_time, proof)
  VALUES (?, ?, 'RESET_PASSWORD', ?, ?)`;
const FIND = `SELECT ${ACCOUNT_COLUMNS}, u.account_proof AS accountProof, l.expire_time AS linkExpireTime,
  l.proof AS linkProof FROM link_tokens l JOIN ${ACCOUNTS}
  WHERE u.id = l.user_id AND l.token_hash = ? AND l.purpose = 'RESET_PASSWORD' AND l.expire_time > ?`;
const CONSUME = `DELETE FROM link_tokens
  WHERE token_hash = ? AND purpose = 'RESET_PASSWORD' AND expire_time > ?`;
const DELETE_OF_USER = "DELETE FROM link_tokens WHERE user_id = ? AND purpose = 'RESET_PASSWORD'";
const DELETE_ALL = "DELETE FROM link_tokens";
const DELETE_EXPIRED = "DELETE FROM link_tokens WHERE expire_time <= ? LIMIT ?";

/**
 * Records that a link is mailed to an account now, unless one was mailed after `since`.
 *
 * @returns true if the caller is to mail the link; only one of several concurrent calls gets true
 */
export async function recordLinkMail(
  tx: Transaction,
  userId: string,
  { now, since }: { now: Date; since: Date },
): Promise<boolean> {
  return (await tx.write(RECORD_MAIL, [now, binaryId(userId), since])).affectedRows === 1;
}

export function insertLinkToken(tx: Transaction, { hash, userId, expireTime, proof }: LinkToken): void {
  tx.defer(INSERT, [hash, binaryId(userId), expireTime, proof]);
}

/** Finds a link and its account, if the link has not expired. */
export async function findLink(db: Database, hash: Buffer, now: Date): Promise<FoundLink | undefined> {
  const [row] = await db.read<LinkRow>(FIND, [hash, now]);
  return row && toFoundLink(hash, row);
}

/** Deletes the token, so that it works only once. @returns true for only one of several concurrent calls */
export async function consumeLinkToken(tx: Transaction, hash: Buffer, now: Date): Promise<boolean> {
  return (await tx.write(CONSUME, [hash, now])).affectedRows === 1;
}

/** Deletes all links of a user that reset the password. */
export function deleteLinkTokens(tx: Transaction, userId: string): void {
  tx.defer(DELETE_OF_USER, [binaryId(userId)]);
}

export async function deleteExpiredLinkTokens(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  await db.deleteAll(DELETE_EXPIRED, [now], signal);
}

function toFoundLink(hash: Buffer, row: LinkRow): FoundLink {
  const { accountProof, linkExpireTime, linkProof, ...account } = row;
  const link = { hash, userId: account.id, expireTime: linkExpireTime, proof: linkProof };
  return { link, account: toAccount(account), accountProof };
}

/** Deletes the tokens of all mailed links. */
export function deleteAllLinkTokens(tx: Transaction): void {
  tx.defer(DELETE_ALL);
}
