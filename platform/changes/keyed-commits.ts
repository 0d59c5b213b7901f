import type { Transaction } from "../db/transaction.ts";
import { ApiError } from "../errors/api-error.ts";
import type { Call } from "../grpc/call.ts";
import type { Clocks } from "../time/clock.ts";
import { causeOf } from "./audit-entry.ts";
import type { AuditedTransactions } from "./audited-transactions.ts";
import type { Effect } from "./effect.ts";
import { type Idempotency, inProgress, type UNCHANGED } from "./idempotency.ts";
import type { IdempotencyKey } from "./idempotency-store.ts";

export interface KeyedCommitsOptions extends Clocks {
  transactions: AuditedTransactions;
  idempotency: Idempotency;
}

type Work<T> = (tx: Transaction) => Promise<Effect<T>>;

/**
 * Commits the effects of calls. If the idempotency key of a call was used before, returns the answer stored
 * with the key instead.
 */
export class KeyedCommits {
  readonly #options: KeyedCommitsOptions;

  constructor(options: KeyedCommitsOptions) {
    this.#options = options;
  }

  /**
   * Commits the effect of a call. If the response is an error (see `failed`), throws the error after the
   * commit.
   */
  async commit<T>(call: Call, work: Work<T>, mayRetry?: (error: unknown) => Promise<boolean>): Promise<T> {
    const { result: response, delivered } = await this.#options.transactions.commit(
      async (tx) => {
        // Checks the deadline again, because it may have passed during the wait for a connection.
        if (Date.now() > call.deadline) throw new ApiError("DEADLINE_EXCEEDED");
        const { response, entries } = await work(tx);
        return { result: response, causes: [causeOf(call, entries)] };
      },
      { mayRetry },
    );
    await delivered;
    if (response instanceof ApiError) throw response;
    return response;
  }

  /**
   * Commits the effect of a call, unless its idempotency key was used before.
   *
   * @param work computes the effect and inserts the key. If the key was used before, the insert fails the
   *   transaction
   * @returns the response, or the stored response if the key was used before; UNCHANGED if the first request
   *   changed nothing
   */
  async commitOnce<T>(call: Call, key: IdempotencyKey, work: Work<T>): Promise<T | typeof UNCHANGED> {
    const { idempotency } = this.#options;
    try {
      return await this.#commitOrKeepRefusal(call, key, work);
    } catch (error) {
      if (idempotency.isTaken(error) || (await this.#isRefusedAfterAnswer(error, key)))
        return await this.#replay(call, key, work);
      if (await idempotency.isInProgress(error, key)) throw inProgress();
      throw error;
    }
  }

  /**
   * True if the error may be a consequence of the first request with the same idempotency key. Example:
   * SLOT_UNAVAILABLE, because the first request has booked the slot.
   */
  async #isRefusedAfterAnswer(error: unknown, key: IdempotencyKey): Promise<boolean> {
    const { idempotency, clock } = this.#options;
    // Skips the query after a server fault (5xx), because the database may be overloaded.
    if (!(error instanceof ApiError) || error.rule.isKept || error.rule.httpStatus >= 500) return false;
    return await idempotency.isUsed(key, clock.now());
  }

  /**
   * Commits the effect of a call, as `commit` does. If the use case throws a refusal that the error catalogue
   * marks as `isKept`, stores the refusal with the idempotency key.
   */
  async #commitOrKeepRefusal<T>(call: Call, key: IdempotencyKey, work: Work<T>): Promise<T> {
    const { idempotency } = this.#options;
    try {
      // Does not retry a transaction that timed out while it waited for the first request with the key. The
      // retry would only wait for that request again.
      return await this.commit(call, work, async (error) => !(await idempotency.isInProgress(error, key)));
    } catch (error) {
      if (error instanceof ApiError && error.rule.isKept) await idempotency.keepRefusal(key, error);
      throw error;
    }
  }

  async #replay<T>(call: Call, key: IdempotencyKey, work: Work<T>): Promise<T | typeof UNCHANGED> {
    const { idempotency, clock } = this.#options;
    const first = await idempotency.firstResponse<T>(call, key, clock);
    if (typeof first === "string") return first;
    return first ? first.response : await this.commitOnce(call, key, work);
  }
}
