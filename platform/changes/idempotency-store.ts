import type { Database } from "../db/database.ts";
import type { SqlScalar } from "../db/sql-value.ts";
import type { Transaction } from "../db/transaction.ts";

/**
 * Idempotency key that one caller sent for one method. `id` is an HMAC of caller, method and key.
 * `requestHmac` is an HMAC of the message. Only HMACs are stored, because keys and messages may hold personal
 * data.
 */
export interface IdempotencyKey {
  readonly id: Buffer;
  readonly requestHmac: Buffer;
  readonly expireTime: Date;
}

export interface KeyRow {
  requestHmac: Buffer;
  /** gRPC status code of the answer; null until the request has an answer. */
  statusCode: number | null;
  /**
   * Serialized and encrypted answer. Null until the request has an answer, and also if the request changed
   * nothing.
   */
  answer: Buffer | null;
  expireTime: Date;
}

/** Values of a row to insert: the key, the status code and the encrypted answer. */
export type AnsweredRow = SqlScalar[];

const INSERT = "INSERT INTO idempotency_keys (id, request_hmac, expire_time) VALUES ?";
const INSERT_ANSWERED =
  "INSERT INTO idempotency_keys (id, request_hmac, expire_time, status_code, answer) VALUES ?";
const LOCK_UNANSWERED =
  "SELECT id FROM idempotency_keys WHERE id IN (?) AND status_code IS NULL ORDER BY id FOR UPDATE";
const SAVE_ANSWER = "UPDATE idempotency_keys SET status_code = ?, answer = ? WHERE id = ?";
const FIND_USED = "SELECT id FROM idempotency_keys WHERE id IN (?) AND expire_time > ?";
const FIND = `SELECT request_hmac AS requestHmac, status_code AS statusCode, answer, expire_time AS expireTime
  FROM idempotency_keys WHERE id = ?`;
const PROBE = "SELECT id FROM idempotency_keys WHERE id = ? FOR UPDATE NOWAIT";
const DELETE = "DELETE FROM idempotency_keys WHERE id = ?";
const DELETE_EXPIRED_ONE = "DELETE FROM idempotency_keys WHERE id = ? AND expire_time <= ?";
const DELETE_EXPIRED = "DELETE FROM idempotency_keys WHERE expire_time <= ? LIMIT ?";

/** Inserts keys without answers. Fails the transaction if one of the keys exists. */
export function insertKeys(tx: Transaction, keys: IdempotencyKey[]): void {
  tx.defer(INSERT, [keys.map(({ id, requestHmac, expireTime }) => [id, requestHmac, expireTime])]);
}

export const answeredRow = (
  { id, requestHmac, expireTime }: IdempotencyKey,
  statusCode: number,
  answer: Buffer | null,
): AnsweredRow => [id, requestHmac, expireTime, statusCode, answer];

/** Inserts keys with their answers. Fails the transaction if one of the keys exists. */
export function insertAnsweredKeys(tx: Transaction, rows: AnsweredRow[]): void {
  tx.defer(INSERT_ANSWERED, [rows]);
}

/** Locks those of the keys that have no answer yet. */
export function lockUnansweredKeys(tx: Transaction, ids: Buffer[]): Promise<{ id: Buffer }[]> {
  return tx.read(LOCK_UNANSWERED, [ids]);
}

export function saveAnswer(tx: Transaction, id: Buffer, statusCode: number, answer: Buffer): void {
  tx.defer(SAVE_ANSWER, [statusCode, answer, id]);
}

/** Finds those of the keys that were used before and have not expired. */
export function findUsedKeys(tx: Transaction, keys: IdempotencyKey[], now: Date): Promise<{ id: Buffer }[]> {
  return tx.read(FIND_USED, [keys.map(({ id }) => id), now]);
}

export async function findKey(db: Database, id: Buffer): Promise<KeyRow | undefined> {
  const [row] = await db.read<KeyRow>(FIND, [id]);
  return row;
}

/** Throws at once if another transaction has locked the row of a key. */
export async function probeKey(db: Database, id: Buffer): Promise<void> {
  await db.transaction((tx) => tx.read(PROBE, [id]));
}

export function deleteKey(tx: Transaction, id: Buffer): void {
  tx.defer(DELETE, [id]);
}

/** Deletes a key if it has expired. */
export async function deleteExpiredKey(db: Database, id: Buffer, now: Date): Promise<void> {
  await db.write(DELETE_EXPIRED_ONE, [id, now]);
}

export async function deleteExpiredKeys(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  await db.deleteAll(DELETE_EXPIRED, [now], signal);
}
