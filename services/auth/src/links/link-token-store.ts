import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import {
  ACCOUNT_COLUMNS,
  ACCOUNTS,
  type Account,
  type AccountRow,
  toAccount,
} from "../accounts/account-store.ts";

/** What a link is good for. */
export type LinkPurpose = "VERIFY_EMAIL" | "RESET_PASSWORD";

/** A link's token as it is kept. */
export interface LinkToken {
  readonly hash: Buffer;
  readonly userId: string;
  readonly purpose: LinkPurpose;
  readonly expireTime: Date;
}

const INSERT = "INSERT INTO link_tokens (token_hash, user_id, purpose, expire_time) VALUES (?, ?, ?, ?)";
const FIND_OWNER = `SELECT ${ACCOUNT_COLUMNS} FROM link_tokens l JOIN ${ACCOUNTS}
  WHERE u.id = l.user_id AND l.token_hash = ? AND l.purpose = ? AND l.expire_time > ?`;
const CONSUME = "DELETE FROM link_tokens WHERE token_hash = ? AND purpose = ? AND expire_time > ?";
const DELETE_OF_USER = "DELETE FROM link_tokens WHERE user_id = ? AND purpose = ?";
const DELETE_EXPIRED = "DELETE FROM link_tokens WHERE expire_time <= ? LIMIT ?";

export function insertLinkToken(tx: Transaction, { hash, userId, purpose, expireTime }: LinkToken): void {
  tx.defer(INSERT, [hash, userId, purpose, expireTime]);
}

/** The account that a link was mailed to, as long as the link is good. */
export async function findLinkOwner(
  db: Database,
  hash: Buffer,
  purpose: LinkPurpose,
  now: Date,
): Promise<Account | undefined> {
  const [row] = await db.read<AccountRow>(FIND_OWNER, [hash, purpose, now]);
  return row && toAccount(row);
}

/** Uses a token up. @returns whether it could still be used: of many at once, one can */
export async function consumeLinkToken(
  tx: Transaction,
  hash: Buffer,
  purpose: LinkPurpose,
  now: Date,
): Promise<boolean> {
  return (await tx.write(CONSUME, [hash, purpose, now])).affectedRows === 1;
}

/** Voids every link of a user's for this purpose. */
export function deleteLinkTokens(tx: Transaction, userId: string, purpose: LinkPurpose): void {
  tx.defer(DELETE_OF_USER, [userId, purpose]);
}

export async function deleteExpiredLinkTokens(db: Database, now: Date): Promise<void> {
  await db.deleteAll(DELETE_EXPIRED, [now]);
}
