import { setTimeout as delay } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import type { FieldCipher } from "../crypto/field-cipher.ts";
import type { KeyedHash } from "../crypto/keyed-hash.ts";
import type { Database } from "../db/database.ts";
import { duplicateKeyOf, isLocked, isLockWait } from "../db/errors.ts";
import type { SqlValue } from "../db/sql-value.ts";
import type { Transaction } from "../db/transaction.ts";
import { ApiError } from "../errors/api-error.ts";
import { actorOf, type Call } from "../grpc/call.ts";
import { decodeStatus, encodeStatus } from "../grpc/status.ts";
import type { Clock } from "../time/clock.ts";

const DAY_MS = 24 * 3_600_000;
/** How long a key of a local effect is kept, and one whose effect lies with a payment provider. */
export const KEPT_MS = DAY_MS;
export const KEPT_WITH_PROVIDER_MS = 30 * DAY_MS;
/** How long a twin waits for the first request's answer. */
const TWIN_WAIT_MS = 2000;
const TWIN_FIRST_PAUSE_MS = 20;

const RESERVE = "INSERT INTO idempotency_keys (id, request_hmac, expire_time) VALUES ?";
const LOCK_OPEN =
  "SELECT id FROM idempotency_keys WHERE id IN (?) AND status_code IS NULL ORDER BY id FOR UPDATE";
const KEEP_ANSWER = "UPDATE idempotency_keys SET status_code = ?, answer = ? WHERE id = ?";
const INSERT_ANSWERED =
  "INSERT INTO idempotency_keys (id, request_hmac, expire_time, status_code, answer) VALUES ?";
const FIND_USED = "SELECT id FROM idempotency_keys WHERE id IN (?) AND expire_time > ?";
const FIND = "SELECT request_hmac, status_code, answer, expire_time FROM idempotency_keys WHERE id = ?";
const PROBE = "SELECT id FROM idempotency_keys WHERE id = ? FOR UPDATE NOWAIT";
const RELEASE = "DELETE FROM idempotency_keys WHERE id = ?";
const DELETE_EXPIRED_ONE = "DELETE FROM idempotency_keys WHERE id = ? AND expire_time <= ?";
const DELETE_EXPIRED = "DELETE FROM idempotency_keys WHERE expire_time <= ? LIMIT ?";

interface KeyRow {
  request_hmac: Buffer;
  /** Null while the first request runs. */
  status_code: number | null;
  /** Null also where the first request changed nothing. */
  answer: Buffer | null;
  expire_time: Date;
}

/** One caller's key for one method, and the request it came with: HMACs, as both may be personal. */
export interface IdempotencyKey {
  readonly id: Buffer;
  readonly requestHmac: Buffer;
  readonly expireTime: Date;
}

/** Answer to a request: the serialized response, or the refusal. */
export type Answer = Buffer | ApiError;

/**
 * Kept in place of an answer where the request changed nothing: the state, read again, answers each repeat. So repeated
 * transitions of a large resource do not fill the disk.
 */
export const UNCHANGED = "UNCHANGED";

/**
 * Idempotency keys (draft-ietf-httpapi-idempotency-key-header). The key is inserted with its answer in the effect's
 * transaction, so that the primary key decides who is first: a twin waits there for the first one's commit, and rolls
 * back. Where the effect lies with a provider, the key is committed before the answer is known, and a twin waits for that.
 */
export class Idempotency {
  readonly #db: Database;
  readonly #cipher: FieldCipher;
  readonly #hash: KeyedHash;

  constructor(db: Database, cipher: FieldCipher, hash: KeyedHash) {
    this.#db = db;
    this.#cipher = cipher;
    this.#hash = hash;
  }

  /** The call's key; undefined where it has none. */
  keyOf(call: Call, now: Date, keptMs: number): IdempotencyKey | undefined {
    if (call.idempotencyKey === "") return undefined;
    return {
      id: this.#hash.of(actorOf(call), call.method.path, call.idempotencyKey),
      requestHmac: this.#hash.of(call.definition.requestSerialize(call.request)),
      expireTime: new Date(now.getTime() + keptMs),
    };
  }

  /** Inserts keys whose answers come later, by `keepReserved`. A key that was used before fails the transaction. */
  reserve(tx: Transaction, ...keys: IdempotencyKey[]): void {
    if (keys.length === 0) return;
    tx.defer(RESERVE, [keys.map(({ id, requestHmac, expireTime }) => [id, requestHmac, expireTime])]);
  }

  /** Fails the transaction if the key was used before, and else leaves it free: the request may be tried again. */
  assertUnused(tx: Transaction, key: IdempotencyKey): void {
    this.reserve(tx, key);
    tx.defer(RELEASE, [key.id]);
  }

  /** Inserts the key with its answer, in the transaction of the effect. A key that was used before fails it. */
  keep(tx: Transaction, key: IdempotencyKey, answer: Answer | typeof UNCHANGED): void {
    this.keepAll(tx, [[key, answer]]);
  }

  /** As `keep`, for several. */
  keepAll(tx: Transaction, answers: [IdempotencyKey, Answer | typeof UNCHANGED][]): void {
    if (answers.length === 0) return;
    tx.defer(INSERT_ANSWERED, [answers.map(([key, answer]) => this.#answered(key, answer))]);
  }

  /** Locks reserved keys. @returns whether a key has no answer yet */
  async lockReserved(tx: Transaction, ...keyIds: Buffer[]): Promise<(keyId: Buffer) => boolean> {
    const rows = await tx.read<{ id: Buffer }>(LOCK_OPEN, [keyIds]);
    const open = new Set(rows.map(({ id }) => id.toString("hex")));
    return (keyId) => open.has(keyId.toString("hex"));
  }

  /** Keeps the answer of a locked, reserved key. */
  keepReserved(tx: Transaction, keyId: Buffer, answer: Answer): void {
    tx.defer(KEEP_ANSWER, [...this.#sealed(keyId, answer), keyId]);
  }

  /** Keeps a refusal with its key: the key and its answer, and nothing else. Throws as a taken key does. */
  async keepRefusal(key: IdempotencyKey, refusal: ApiError): Promise<void> {
    await this.#db.transaction(async (tx) => this.keep(tx, key, refusal));
  }

  /** Whether an error says that the key was used before. */
  isTaken(error: unknown): boolean {
    return duplicateKeyOf(error) === "idempotency_keys.PRIMARY";
  }

  /** True if an earlier request with this key was committed, and the key has not expired. */
  async isUsed(key: IdempotencyKey, now: Date): Promise<boolean> {
    return (await this.#find(key, now)) !== undefined;
  }

  /** Which of some keys were used before. */
  async findUsed(
    tx: Transaction,
    keys: IdempotencyKey[],
    now: Date,
  ): Promise<(key: IdempotencyKey) => boolean> {
    if (keys.length === 0) return () => false;
    const rows = await tx.read<{ id: Buffer }>(FIND_USED, [keys.map(({ id }) => id), now]);
    const used = new Set(rows.map(({ id }) => id.toString("hex")));
    return ({ id }) => used.size > 0 && used.has(id.toString("hex"));
  }

  /** Whether an error says that the first request with the key still runs: its row stayed locked for two seconds. */
  async isInProgress(error: unknown, key: IdempotencyKey): Promise<boolean> {
    if (!isLockWait(error)) return false;
    try {
      await this.#db.transaction((tx) => tx.read(PROBE, [key.id]));
      return false;
    } catch (locked) {
      return isLocked(locked);
    }
  }

  /**
   * The answer that the first request with this key got, which it is given two seconds for; undefined if the key is
   * free again. Throws IDEMPOTENCY_KEY_REUSED for another request, IDEMPOTENCY_IN_PROGRESS while there is no answer.
   */
  async replay(key: IdempotencyKey, clock: Clock): Promise<Answer | typeof UNCHANGED | undefined> {
    const waitUntilMs = Date.now() + TWIN_WAIT_MS;
    for (let pauseMs = TWIN_FIRST_PAUSE_MS; ; pauseMs *= 2) {
      const row = await this.#find(key, clock.now());
      if (!row) return undefined;
      if (!row.request_hmac.equals(key.requestHmac)) throw new ApiError("IDEMPOTENCY_KEY_REUSED");
      const answer = this.#open(key.id, row);
      if (answer) return answer;
      const leftMs = waitUntilMs - Date.now();
      if (leftMs <= 0) throw inProgress();
      await delay(Math.min(pauseMs, leftMs));
    }
  }

  /**
   * The first response to the same request, which the call is then marked to replay; UNCHANGED if the request is to run
   * again, as it changed nothing; undefined if the key is free again. Throws the first refusal, and as `replay` does.
   */
  async firstResponse<T>(
    call: Call,
    key: IdempotencyKey,
    clock: Clock,
  ): Promise<{ response: T } | typeof UNCHANGED | undefined> {
    const answer = await this.replay(key, clock);
    if (!answer || answer === UNCHANGED) return answer;
    call.replayed = true;
    if (answer instanceof ApiError) throw answer;
    return { response: call.definition.responseDeserialize(answer) as T };
  }

  /** The answer kept with a key that was reserved; undefined where there is none. */
  async answerOf(keyId: Buffer): Promise<Answer | undefined> {
    const [row] = await this.#db.read<KeyRow>(FIND, [keyId]);
    const answer = row && this.#open(keyId, row);
    return answer === UNCHANGED ? undefined : answer;
  }

  /** Forgets keys that have expired. */
  async sweep(now: Date, signal?: AbortSignal): Promise<void> {
    await this.#db.deleteAll(DELETE_EXPIRED, [now], signal);
  }

  /** The key's row, unless it has expired: then it is free again. */
  async #find(key: IdempotencyKey, now: Date): Promise<KeyRow | undefined> {
    const [row] = await this.#db.read<KeyRow>(FIND, [key.id]);
    if (!row || row.expire_time > now) return row;
    await this.#db.write(DELETE_EXPIRED_ONE, [key.id, now]);
    return undefined;
  }

  /** Parameters of INSERT_ANSWERED. */
  #answered(key: IdempotencyKey, answer: Answer | typeof UNCHANGED): SqlValue[] {
    const kept = answer === UNCHANGED ? [status.OK, null] : this.#sealed(key.id, answer);
    return [key.id, key.requestHmac, key.expireTime, ...kept];
  }

  #sealed(keyId: Buffer, answer: Answer): [status, Buffer] {
    const [code, bytes] =
      answer instanceof ApiError ? [answer.code, encodeStatus(answer)] : [status.OK, answer];
    return [code, this.#cipher.encrypt(place(keyId), bytes)];
  }

  #open(keyId: Buffer, row: KeyRow): Answer | typeof UNCHANGED | undefined {
    if (row.status_code === null) return undefined;
    if (row.answer === null) return UNCHANGED;
    const answer = this.#cipher.decrypt(place(keyId), row.answer);
    return row.status_code === status.OK ? answer : (decodeStatus(answer) ?? new ApiError("INTERNAL"));
  }
}

export const inProgress = (): ApiError => new ApiError("IDEMPOTENCY_IN_PROGRESS", { retryAfterMs: 1000 });

const place = (keyId: Buffer): string => `idempotency_keys.answer:${keyId.toString("hex")}`;
