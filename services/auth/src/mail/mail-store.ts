import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
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

const SELECT_WAITING = `SELECT id, user_id AS userId, template, create_time AS createTime,
  expire_time AS expireTime, available_time AS availableTime, tries, last_error AS lastError, dead FROM mails`;
const LIST = `${SELECT_WAITING} WHERE dead >= ? ORDER BY create_time, id LIMIT ?`;
const FIND_DEAD = "SELECT id FROM mails WHERE dead = TRUE";
const LOCK = `${SELECT_WAITING} FORCE INDEX (PRIMARY) WHERE id IN (?) AND expire_time > ? ORDER BY id FOR UPDATE`;
const REVIVE = "UPDATE mails SET dead = FALSE, available_time = ? WHERE id IN (?)";

/** A queued mail without its content. */
export interface WaitingMail extends Omit<MailRow, "content"> {
  /** Time of the next attempt; of a dead mail, the time of the last one. */
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

/** Lists a page of dead mails, latest failure first. */
export async function listDead(db: Database, page: Page): Promise<WaitingMail[]> {
  const { sql, params } = where(["dead = ?", true], before("available_time", "id", page.after));
  return await db.read<WaitingMail>(
    `${SELECT_WAITING} ${sql} ORDER BY available_time DESC, id DESC LIMIT ?`,
    [...params, limitOf(page)],
  );
}

/** Ids of all mails that failed permanently, found without locks. */
export async function findDeadMails(db: Database): Promise<string[]> {
  return (await db.read<{ id: string }>(FIND_DEAD)).map(({ id }) => id);
}

/** Locks those of the given mails that are neither sent nor expired. */
export async function lockMails(tx: Transaction, ids: string[], now: Date): Promise<WaitingMail[]> {
  return await tx.read<WaitingMail>(LOCK, [ids.map(binaryId), now]);
}

/** Queues locked dead mails again. */
export function reviveMails(tx: Transaction, ids: string[], now: Date): void {
  if (ids.length > 0) tx.defer(REVIVE, [now, ids.map(binaryId)]);
}

export async function deleteExpiredMails(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  await db.deleteAll(DELETE_EXPIRED, [now], signal);
}
