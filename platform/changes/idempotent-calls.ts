import { context } from "@opentelemetry/api";
import type { Transaction } from "../db/transaction.ts";
import { ApiError } from "../errors/api-error.ts";
import type { Call } from "../grpc/call.ts";
import { type AuditEntry, causeOf } from "./audit-entry.ts";
import { type Effect, hasChanged } from "./effect.ts";
import { firstAnswer } from "./first-answer.ts";
import { GroupCommit, type GroupedUseCase } from "./group-commit.ts";
import { type GroupedEnd, GroupFinish } from "./group-finish.ts";
import { KEPT_MS, KEPT_WITH_PROVIDER_MS, UNCHANGED } from "./idempotency.ts";
import type { IdempotencyKey } from "./idempotency-store.ts";
import { KeyedCommits, type KeyedCommitsOptions } from "./keyed-commits.ts";
import type { PendingCall } from "./pending-call.ts";

/**
 * Runs the use cases that change something, and makes them idempotent. The transaction of a change also
 * stores the call's idempotency key with the response. A repeated call gets that response and changes
 * nothing.
 *
 * | Use case | Method |
 * |---|---|
 * | one transaction | `apply` |
 * | one transaction, shared by concurrent requests | `grouped` |
 * | a call of a provider between two transactions | `begin`, `finish` |
 * | a call of a provider between two shared transactions | `groupedBegin`, `groupedFinish` |
 */
export class IdempotentCalls {
  readonly #options: KeyedCommitsOptions;
  readonly #commits: KeyedCommits;

  constructor(options: KeyedCommitsOptions) {
    this.#options = options;
    this.#commits = new KeyedCommits(options);
  }

  /**
   * Runs a use case in one transaction. If the call has an idempotency key, stores the response with the key.
   * Also stores a refusal that the error catalogue marks as `isKept`. A repeat of the request gets the stored
   * answer. If the first run changed nothing, a repeat runs the use case again. That second run throws
   * IDEMPOTENCY_KEY_OUTDATED if it would change something.
   *
   * ```ts
   * return await app.calls.apply(call, async (tx) => {
   *   const row = await lockNote(tx, id);
   *   if (row.isSigned) return unchanged(noteOf(row)); // no audit entry
   *   if (!isAuthor(row, call)) throw new ApiError("PERMISSION_DENIED"); // rolls back
   *   const signed = saveSigned(tx, row);
   *   return changed(noteOf(signed), { resource: `notes/${id}`, subjectIds: [row.patientId] });
   * });
   * ```
   *
   * @param shown makes the audit entries of a call that only shows data, because it changed nothing or its
   *   response is replayed; default: no entries
   */
  async apply<T>(
    call: Call,
    work: (tx: Transaction) => Promise<Effect<T>>,
    shown: (answer: T) => AuditEntry[] = () => [],
  ): Promise<T> {
    const { idempotency, clock } = this.#options;
    const key = idempotency.keyOf(call, clock.now(), KEPT_MS);
    const workOrRead = async (tx: Transaction): Promise<Effect<T>> => {
      const { response, entries } = await work(tx);
      if (entries.length > 0 || response instanceof ApiError) return { response, entries };
      return { response, entries: shown(response) };
    };
    if (!key) return await this.#commits.commit(call, workOrRead);
    const first = await this.#commits.commitOnce(call, key, async (tx) => {
      const effect = await workOrRead(tx);
      if (effect.response instanceof ApiError) idempotency.assertUnused(tx, key);
      else if (!hasChanged(effect)) idempotency.keep(tx, key, UNCHANGED);
      else idempotency.keep(tx, key, call.definition.responseSerialize(effect.response));
      return effect;
    });
    const answer = first === UNCHANGED ? await this.#repeat(call, work) : first;
    if (call.replayed) await this.#recordReads(call, shown(answer));
    return answer;
  }

  /**
   * Computes the id of the call's idempotency key, for the `keyId` of a PendingCall. Throws if the call has
   * no key.
   */
  keyIdOf(call: Call): Buffer {
    return this.#keyWithProvider(call).id;
  }

  /**
   * Starts a use case with an effect at a provider, such as a payment. Commits the changes of `work` and the
   * idempotency key without an answer. `work` must store the data with which a job can later ask the provider
   * for the outcome. After the commit, the use case calls the provider, and passes the outcome to `finish`.
   *
   * @returns the stored answer if the key was used before; undefined if this call starts the use case
   */
  async begin<T>(call: Call, work: (tx: Transaction) => Promise<AuditEntry[]>): Promise<T | undefined> {
    const key = this.#keyWithProvider(call);
    const first = await this.#commits.commitOnce<T | undefined>(call, key, async (tx) => {
      this.#options.idempotency.reserve(tx, key);
      return { response: undefined, entries: await work(tx) };
    });
    // UNCHANGED is impossible here, because `finish` stores an answer for each key.
    return first === UNCHANGED ? undefined : first;
  }

  /**
   * Completes a call that `begin` started, and stores the answer with the idempotency key in the same
   * transaction. If a job has completed the call already, the answer of the job stays.
   *
   * @returns the answer stored with the key
   */
  async finish<T>(
    pending: PendingCall<T>,
    work: (tx: Transaction) => Promise<Effect<T>>,
  ): Promise<T | ApiError> {
    const { transactions, idempotency } = this.#options;
    const { keyId, definition, actorId, call } = pending;
    const { result, delivered } = await transactions.commit(async (tx) => {
      // `Promise.all` sends the first lock of `work` before the lock of the idempotency key. `GroupFinish`
      // locks in the same order, which avoids deadlocks.
      const [effect, isOpen] = await Promise.all([work(tx), idempotency.lockReserved(tx, keyId)]);
      const { response: answer, entries } = effect;
      const isFirst = isOpen(keyId);
      if (isFirst) {
        const bytes = answer instanceof ApiError ? answer : definition.responseSerialize(answer);
        idempotency.keepReserved(tx, keyId, bytes);
      }
      return {
        result: { answer, isFirst },
        causes: [{ entries, actorId, call, context: context.active() }],
      };
    });
    await delivered;
    return await firstAnswer(idempotency, pending, result);
  }

  /**
   * Makes a function that runs a use case as `apply` does, but in transactions that concurrent requests
   * share. See `GroupedUseCase` for an example.
   */
  grouped<Request, Facts, Plan, Response>(
    useCase: GroupedUseCase<Request, Facts, Plan, Response>,
  ): (request: Request, call: Call) => Promise<Response> {
    const group = new GroupCommit(this.#options, useCase);
    return (request, call) => group.run(request, call);
  }

  /**
   * Makes a function that starts a use case as `begin` does, but in transactions that concurrent requests
   * share. `Request`, `Facts` and `Plan` are the type parameters of GroupedUseCase. `Written` is the response
   * that `GroupedUseCase.write` returns. `Answer` is the response of the RPC.
   *
   * ```ts
   * const startAttempt = perApp((app: Billing) =>
   *   app.calls.groupedBegin<AttemptRow, PaymentRow, StartedAttempt, PaymentRow, Payment>(useCase),
   * );
   *
   * const started = await startAttempt(app)(attempt, call);
   * if ("answer" in started) return started.answer; // a repeated call: the first answer
   * const charge = await sendAttempt(app, started.started); // committed: now call the provider
   * return await finishAttempt(app, attempt, charge); // `groupedFinish`
   * ```
   *
   * @returns `started`: the response of `write`, if this call starts the use case; `answer`: the stored
   *   answer, if the idempotency key was used before
   */
  groupedBegin<Request, Facts, Plan, Written, Answer>(
    useCase: GroupedUseCase<Request, Facts, Plan, Written>,
  ): (request: Request, call: Call) => Promise<{ started: Written } | { answer: Answer }> {
    const group = new GroupCommit(this.#options, useCase, true);
    return async (request, call) => {
      const response = await group.run(request, call);
      return call.replayed ? { answer: response as unknown as Answer } : { started: response };
    };
  }

  /**
   * Makes a function that completes calls as `finish` does, but in transactions that concurrent calls share.
   */
  groupedFinish<Outcome, Facts, Response>(
    end: GroupedEnd<Outcome, Facts, Response>,
  ): (pending: PendingCall<Response>, outcome: Outcome) => Promise<Response | ApiError> {
    const group = new GroupFinish(this.#options, end);
    return (pending, outcome) => group.run(pending, outcome);
  }

  #keyWithProvider(call: Call): IdempotencyKey {
    const { idempotency, clock } = this.#options;
    const key = idempotency.keyOf(call, clock.now(), KEPT_WITH_PROVIDER_MS);
    if (!key) throw new Error(`${call.method.path} does not require an idempotency key`);
    return key;
  }

  /**
   * Commits the audit entries of a replayed response before the response is sent. A replayed response is
   * audited as a read, because it shows data.
   */
  async #recordReads(call: Call, entries: AuditEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const causes = [causeOf(call, entries)];
    await this.#options.transactions.commit(async () => ({ result: undefined, causes }));
  }

  /**
   * Runs a use case again whose first run changed nothing. Throws IDEMPOTENCY_KEY_OUTDATED if the second run
   * would change something.
   */
  async #repeat<T>(call: Call, work: (tx: Transaction) => Promise<Effect<T>>): Promise<T> {
    const response = await this.#commits.commit(call, async (tx) => {
      const effect = await work(tx);
      if (hasChanged(effect)) throw new ApiError("IDEMPOTENCY_KEY_OUTDATED");
      return effect;
    });
    call.replayed = true;
    return response;
  }
}
