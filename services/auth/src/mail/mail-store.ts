import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Template } from "./mail.ts";

export interface MailRow {
  readonly id: string;
  readonly userId: string;
  readonly template: Template;
  /** Recipient and mail, encrypted. */
  readonly content: Buffer;
  readonly createTime: Date;
  /** Time after which the mail is not sent any more. */
  readonly expireTime: Date;
  /** Number of failed attempts. */
  readonly tries: number;
}

/** A failed attempt to send a mail, and the time of the next attempt. */
export interface MailFailure {
  readonly error: string;
  readonly availableTime: Date;
  /** True if no further attempt is made. */
  readonly isDead: boolean;
}

const INSERT = `INSERT INTO mails (id, user_id, template, content, create_time, expire_time, available_time)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;
const LEASE_DUE = `SELECT id, user_id AS userId, template, content, create_time AS createTime,
  expire_time AS expireTime, tries FROM mails
  WHERE dead = FALSE AND available_time <= ? AND expire_time > ?
  ORDER BY available_time LIMIT ? FOR UPDATE SKIP LOCKED`;
const POSTPONE = "UPDATE mails SET available_time = ? WHERE id IN (?)";
const DELETE = "DELETE FROM mails WHERE id = ?";
const RECORD_FAILURE =
  "UPDATE mails SET tries = tries + 1, last_error = ?, available_time = ?, dead = ? WHERE id = ?";
const COUNT = "SELECT dead, COUNT(*) AS waiting FROM mails GROUP BY dead";
const DELETE_EXPIRED = "DELETE FROM mails WHERE expire_time <= ? LIMIT ?";

const LIST = `SELECT id, user_id AS userId, template, create_time AS createTime, expire_time AS expireTime,
  available_time AS availableTime, tries, last_error AS lastError, dead FROM mails
  WHERE dead >= ? ORDER BY create_time, id LIMIT ?`;
const REVIVE_ALL = "UPDATE mails SET dead = FALSE, available_time = ? WHERE dead = TRUE";
const REVIVE = `${REVIVE_ALL} AND id IN (?)`;

/** A queued mail without its content. */
export interface WaitingMail extends Omit<MailRow, "content"> {
  readonly availableTime: Date;
  readonly lastError: string | null;
  readonly dead: 0 | 1;
}

export function insertMail(tx: Transaction, mail: Omit<MailRow, "tries">): void {
  const { id, userId, template, content, createTime, expireTime } = mail;
  tx.defer(INSERT, [binaryId(id), binaryId(userId), template, content, createTime, expireTime, createTime]);
}

/** Leases due mails: no other process takes them before `leaseEnd`. */
export async function leaseDueMails(
  db: Database,
  now: Date,
  leaseEnd: Date,
  limit: number,
): Promise<MailRow[]> {
  return await db.transaction(async (tx) => {
    const due = await tx.read<MailRow>(LEASE_DUE, [now, now, limit]);
    if (due.length > 0) tx.defer(POSTPONE, [leaseEnd, due.map((mail) => binaryId(mail.id))]);
    return due;
  });
}

export async function deleteMail(db: Database, id: string): Promise<void> {
  await db.write(DELETE, [binaryId(id)]);
}

export async function recordMailFailure(db: Database, id: string, failure: MailFailure): Promise<void> {
  await db.write(RECORD_FAILURE, [failure.error, failure.availableTime, failure.isDead, binaryId(id)]);
}

export async function countMails(db: Database): Promise<{ waiting: number; dead: number }> {
  const rows = await db.read<{ dead: number; waiting: number }>(COUNT);
  const count = (dead: number) => rows.find((row) => row.dead === dead)?.waiting ?? 0;
  return { waiting: count(0), dead: count(1) };
}

/** Lists the oldest queued mails. With `onlyDead`, lists only those that failed permanently. */
export async function listMails(db: Database, onlyDead: boolean, limit: number): Promise<WaitingMail[]> {
  return await db.read<WaitingMail>(LIST, [onlyDead, limit]);
}

/**
 * Queues dead mails again. A dead mail has failed permanently, so no job tries it again.
 *
 * @param ids default: all dead mails
 * @returns the number of mails that were queued again
 */
export async function reviveMails(db: Database, now: Date, ids?: string[]): Promise<number> {
  const { affectedRows } = await (ids
    ? db.write(REVIVE, [now, ids.map(binaryId)])
    : db.write(REVIVE_ALL, [now]));
  return affectedRows;
}

export async function deleteExpiredMails(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  await db.deleteAll(DELETE_EXPIRED, [now], signal);
}
