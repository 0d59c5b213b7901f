import { setTimeout as delay } from "node:timers/promises";
import type { FieldCipher } from "../crypto/field-cipher.ts";
import type { KeyedHash } from "../crypto/keyed-hash.ts";
import type { Database } from "../db/database.ts";
import { duplicateKeyOf, isLocked, isLockWait } from "../db/errors.ts";
import type { Transaction } from "../db/transaction.ts";
import { ApiError } from "../errors/api-error.ts";
import { status } from "../errors/status-code.ts";
import { actorOf, type Call } from "../grpc/call.ts";
import { decodeStatus, encodeStatus } from "../grpc/status.ts";
import type { Clock } from "../time/clock.ts";
import {
  type AnsweredRow,
  answeredRow,
  deleteExpiredKey,
  deleteExpiredKeys,
  deleteKey,
  findKey,
  findUsedKeys,
  type IdempotencyKey,
  insertAnsweredKeys,
  insertKeys,
  type KeyRow,
  lockUnansweredKeys,
  probeKey,
  saveAnswer,
} from "./idempotency-store.ts";

const DAY_MS = 24 * 3_600_000;
/** Time in ms for which an idempotency key is stored. */
export const KEPT_MS = DAY_MS;
/** Time in ms for which an idempotency key is stored if its request has an effect at a payment provider. */
export const KEPT_WITH_PROVIDER_MS = 30 * DAY_MS;
/**
 * Time in ms for which a repeated request waits for the answer while the first request with the same key
 * still runs.
 */
const TWIN_WAIT_MS = 2000;
const TWIN_FIRST_PAUSE_MS = 20;

/** Answer to a request: its serialized response, or its refusal. */
export type Answer = Buffer | ApiError;

/**
 * Takes the place of an answer if the first request changed nothing. A repeated request then runs again, and
 * gets the current state. Storing an answer would keep a copy of a possibly large resource for each key.
 */
export const UNCHANGED = "UNCHANGED";

/**
 * Table of idempotency keys (draft-ietf-httpapi-idempotency-key-header). The transaction of a change inserts
 * the key with its answer. A concurrent request with the same key waits at the primary key until the first
 * request is committed, then rolls back, and returns the stored answer.
 *
 * If a request has an effect at a provider, such as a payment, its key is committed before the answer is
 * known. A concurrent request then polls for the answer.
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

  /**
   * Computes the idempotency key of a call, to be stored for `keptMs`. Returns undefined if the call has no
   * key.
   */
  keyOf(call: Call, now: Date, keptMs: number): IdempotencyKey | undefined {
    if (call.idempotencyKey === "") return undefined;
    return {
      id: this.#hash.of(actorOf(call), call.method.path, call.idempotencyKey),
      requestHmac: this.#hash.of(call.definition.requestSerialize(call.request)),
      expireTime: new Date(now.getTime() + keptMs),
    };
  }

  /**
   * Inserts keys without answers; `keepReserved` later adds the answers. Fails the transaction if a key was
   * used before.
   */
  reserve(tx: Transaction, ...keys: IdempotencyKey[]): void {
    if (keys.length > 0) insertKeys(tx, keys);
  }

  /**
   * Fails the transaction if the idempotency key was used before. Does not store the key, so a later request
   * may still use it.
   */
  assertUnused(tx: Transaction, key: IdempotencyKey): void {
    this.reserve(tx, key);
    deleteKey(tx, key.id);
  }

  /**
   * Inserts an idempotency key with the answer to its request. Fails the transaction if the key was used
   * before.
   */
  keep(tx: Transaction, key: IdempotencyKey, answer: Answer | typeof UNCHANGED): void {
    this.keepAll(tx, [[key, answer]]);
  }

  /**
   * Inserts idempotency keys with the answers to their requests. Fails the transaction if one of the keys was
   * used before.
   */
  keepAll(tx: Transaction, answers: [IdempotencyKey, Answer | typeof UNCHANGED][]): void {
    if (answers.length === 0) return;
    insertAnsweredKeys(
      tx,
      answers.map(([key, answer]) => this.#answered(key, answer)),
    );
  }

  /**
   * Locks idempotency keys that `reserve` has inserted. @returns a function that tells whether a key still
   * has no answer
   */
  async lockReserved(tx: Transaction, ...keyIds: Buffer[]): Promise<(keyId: Buffer) => boolean> {
    const rows = await lockUnansweredKeys(tx, keyIds);
    const open = new Set(rows.map(({ id }) => id.toString("hex")));
    return (keyId) => open.has(keyId.toString("hex"));
  }

  /** Stores the answer to a request whose key `reserve` has inserted. The key must be locked. */
  keepReserved(tx: Transaction, keyId: Buffer, answer: Answer): void {
    saveAnswer(tx, keyId, codeOf(answer), this.#encrypted(keyId, answer));
  }

  /**
   * Stores a refusal with the idempotency key of its request, in a transaction of its own. Throws a
   * duplicate-key error if the key was used before.
   */
  async keepRefusal(key: IdempotencyKey, refusal: ApiError): Promise<void> {
    await this.#db.transaction(async (tx) => this.keep(tx, key, refusal));
  }

  /** True if a transaction failed because its idempotency key was used before. */
  isTaken(error: unknown): boolean {
    return duplicateKeyOf(error) === "idempotency_keys.PRIMARY";
  }

  /** True if an earlier request with this key was committed, and the key has not expired. */
  async isUsed(key: IdempotencyKey, now: Date): Promise<boolean> {
    return (await this.#find(key, now)) !== undefined;
  }

  /** Looks up idempotency keys. @returns a function that tells whether a key was used before */
  async findUsed(
    tx: Transaction,
    keys: IdempotencyKey[],
    now: Date,
  ): Promise<(key: IdempotencyKey) => boolean> {
    if (keys.length === 0) return () => false;
    const rows = await findUsedKeys(tx, keys, now);
    const used = new Set(rows.map(({ id }) => id.toString("hex")));
    return ({ id }) => used.size > 0 && used.has(id.toString("hex"));
  }

  /**
   * True if a transaction failed because the first request with the key still runs and has locked the row of
   * the key.
   */
  async isInProgress(error: unknown, key: IdempotencyKey): Promise<boolean> {
    if (!isLockWait(error)) return false;
    try {
      await probeKey(this.#db, key.id);
      return false;
    } catch (locked) {
      return isLocked(locked);
    }
  }

  /**
   * Waits up to two seconds for the answer stored with a key. Returns undefined if the key is free: it has
   * expired, or the first request was rolled back. Throws IDEMPOTENCY_KEY_REUSED if the key was first sent
   * with a different message. Throws IDEMPOTENCY_IN_PROGRESS if the wait ends without an answer.
   */
  async replay(key: IdempotencyKey, clock: Clock): Promise<Answer | typeof UNCHANGED | undefined> {
    const waitUntilMs = Date.now() + TWIN_WAIT_MS;
    for (let pauseMs = TWIN_FIRST_PAUSE_MS; ; pauseMs *= 2) {
      const row = await this.#find(key, clock.now());
      if (!row) return undefined;
      if (!row.requestHmac.equals(key.requestHmac)) throw new ApiError("IDEMPOTENCY_KEY_REUSED");
      const answer = this.#decrypted(key.id, row);
      if (answer) return answer;
      const leftMs = waitUntilMs - Date.now();
      if (leftMs <= 0) throw inProgress();
      await delay(Math.min(pauseMs, leftMs));
    }
  }

  /**
   * Finds the response stored with an idempotency key, as `replay` does, and marks the call as replayed. If a
   * refusal is stored, throws the refusal. Also throws the errors of `replay`.
   *
   * @returns UNCHANGED if the first request changed nothing, so that this one must run again; undefined if
   *   the key is free
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

  /**
   * Reads the answer stored with a reserved key (see `reserve`). Returns undefined if there is no answer yet.
   */
  async answerOf(keyId: Buffer): Promise<Answer | undefined> {
    const row = await findKey(this.#db, keyId);
    const answer = row && this.#decrypted(keyId, row);
    return answer === UNCHANGED ? undefined : answer;
  }

  /** Deletes expired idempotency keys. */
  async sweep(now: Date, signal?: AbortSignal): Promise<void> {
    await deleteExpiredKeys(this.#db, now, signal);
  }

  /** Finds the row of a key. Deletes an expired row, which makes the key free again. */
  async #find(key: IdempotencyKey, now: Date): Promise<KeyRow | undefined> {
    const row = await findKey(this.#db, key.id);
    if (!row || row.expireTime > now) return row;
    await deleteExpiredKey(this.#db, key.id, now);
    return undefined;
  }

  #answered(key: IdempotencyKey, answer: Answer | typeof UNCHANGED): AnsweredRow {
    if (answer === UNCHANGED) return answeredRow(key, status.OK, null);
    return answeredRow(key, codeOf(answer), this.#encrypted(key.id, answer));
  }

  #encrypted(keyId: Buffer, answer: Answer): Buffer {
    const bytes = answer instanceof ApiError ? encodeStatus(answer) : answer;
    return this.#cipher.encrypt(contextOf(keyId), bytes);
  }

  #decrypted(keyId: Buffer, row: KeyRow): Answer | typeof UNCHANGED | undefined {
    if (row.statusCode === null) return undefined;
    if (row.answer === null) return UNCHANGED;
    const answer = this.#cipher.decrypt(contextOf(keyId), row.answer);
    return row.statusCode === status.OK ? answer : (decodeStatus(answer) ?? new ApiError("INTERNAL"));
  }
}

export const inProgress = (): ApiError => new ApiError("IDEMPOTENCY_IN_PROGRESS", { retryAfterMs: 1000 });

const codeOf = (answer: Answer): status => (answer instanceof ApiError ? answer.code : status.OK);

const contextOf = (keyId: Buffer): string => `idempotency_keys.answer:${keyId.toString("hex")}`;
