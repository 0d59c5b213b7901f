import { status } from "@grpc/grpc-js";
import type { SealedBox } from "./crypto/sealed-box.ts";
import type { Database } from "./db/database.ts";
import { duplicateKeyOf, isLocked, isLockWait } from "./db/errors.ts";
import type { Transaction } from "./db/transaction.ts";
import { ApiError } from "./errors/api-error.ts";
import { actorOf, type Call } from "./grpc/call.ts";
import { decodeStatus, encodeStatus } from "./grpc/status.ts";

const KEPT_MS = 24 * 3_600_000;
const RESERVE = "INSERT INTO idempotency_keys (id, request_hmac, expire_time) VALUES (?, ?, ?)";
const KEEP_ANSWER = "UPDATE idempotency_keys SET status_code = ?, answer = ? WHERE id = ?";
const KEEP_REFUSAL =
  "INSERT INTO idempotency_keys (id, request_hmac, expire_time, status_code, answer) VALUES (?, ?, ?, ?, ?)";
const FIND = "SELECT request_hmac, status_code, answer, expire_time FROM idempotency_keys WHERE id = ?";
const PROBE = "SELECT id FROM idempotency_keys WHERE id = ? FOR UPDATE NOWAIT";
const DELETE_EXPIRED_ONE = "DELETE FROM idempotency_keys WHERE id = ? AND expire_time <= ?";
const DELETE_EXPIRED = "DELETE FROM idempotency_keys WHERE expire_time <= ? LIMIT 1000";

interface KeyRow {
  request_hmac: Buffer;
  status_code: number | null;
  answer: Buffer | null;
  expire_time: Date;
}

/** One caller's key for one method, and the request it came with: HMACs, as both may be personal. */
export interface IdempotencyKey {
  readonly id: Buffer;
  readonly requestHmac: Buffer;
  readonly expireTime: Date;
}

/**
 * Idempotency keys (draft-ietf-httpapi-idempotency-key-header). The key's insert is the first statement of the
 * effect's transaction, so that the primary key decides who is first, and a twin waits for the first one's commit.
 */
export class Idempotency {
  readonly #db: Database;
  readonly #box: SealedBox;

  constructor(db: Database, box: SealedBox) {
    this.#db = db;
    this.#box = box;
  }

  /** The call's key; undefined where it has none. */
  keyOf(call: Call, now: Date): IdempotencyKey | undefined {
    if (call.idempotencyKey === "") return undefined;
    return {
      id: this.#box.hmac(actorOf(call), call.method.path, call.idempotencyKey),
      requestHmac: this.#box.hmac(call.definition.requestSerialize(call.request)),
      expireTime: new Date(now.getTime() + KEPT_MS),
    };
  }

  reserve(tx: Transaction, key: IdempotencyKey): void {
    tx.defer(RESERVE, [key.id, key.requestHmac, key.expireTime]);
  }

  /** Keeps the answer with its key, in the transaction of the effect. */
  keep(tx: Transaction, key: IdempotencyKey, response: Uint8Array): void {
    tx.defer(KEEP_ANSWER, [status.OK, this.#box.seal(place(key), response), key.id]);
  }

  /** Keeps a refusal with its key: the key and its answer, and nothing else. Throws as a taken key does. */
  async keepRefusal(key: IdempotencyKey, refusal: ApiError): Promise<void> {
    const answer = this.#box.seal(place(key), encodeStatus(refusal));
    await this.#db.write(KEEP_REFUSAL, [key.id, key.requestHmac, key.expireTime, refusal.code, answer]);
  }

  /** Whether an error says that the key was used before. */
  isTaken(error: unknown): boolean {
    return duplicateKeyOf(error) === "idempotency_keys.PRIMARY";
  }

  /** Whether an error says that the first request with the key still runs: its row stayed locked for two seconds. */
  async isInProgress(error: unknown, key: IdempotencyKey): Promise<boolean> {
    if (!(error instanceof ApiError) || !isLockWait(error.cause ?? error)) return false;
    try {
      await this.#db.transaction((tx) => tx.read(PROBE, [key.id]));
      return false;
    } catch (locked) {
      return isLocked(locked);
    }
  }

  /**
   * The answer that the first request with this key got. Throws the refusal it got, IDEMPOTENCY_KEY_REUSED for another
   * request, IDEMPOTENCY_IN_PROGRESS while there is none; undefined if the key is free again.
   */
  async replay(key: IdempotencyKey, now: Date): Promise<Buffer | undefined> {
    const [row] = await this.#db.read<KeyRow>(FIND, [key.id]);
    if (!row) return undefined;
    if (row.expire_time <= now) {
      await this.#db.write(DELETE_EXPIRED_ONE, [key.id, now]);
      return undefined;
    }
    if (!row.request_hmac.equals(key.requestHmac)) throw new ApiError("IDEMPOTENCY_KEY_REUSED");
    if (row.status_code === null || row.answer === null) throw inProgress();
    const answer = this.#box.open(place(key), row.answer);
    if (row.status_code === status.OK) return answer;
    throw decodeStatus(answer) ?? new ApiError("INTERNAL");
  }

  /** Forgets keys that have expired, a thousand at a time. @returns how many */
  async sweep(now: Date): Promise<number> {
    return (await this.#db.write(DELETE_EXPIRED, [now])).affectedRows;
  }
}

export const inProgress = (): ApiError => new ApiError("IDEMPOTENCY_IN_PROGRESS", { retryAfterMs: 1000 });

const place = (key: IdempotencyKey): string => `idempotency_keys.answer:${key.id.toString("hex")}`;
