import { context } from "@opentelemetry/api";
import type { Transaction } from "../db/transaction.ts";
import { ApiError } from "../errors/api-error.ts";
import type { Call } from "../grpc/call.ts";
import type { Clock } from "../time/clock.ts";
import { type AuditEntry, causeOf } from "./audit-entry.ts";
import type { AuditedTransactions } from "./audited-transactions.ts";
import { type Effect, hasChanged } from "./effect.ts";
import { firstAnswer } from "./first-answer.ts";
import { GroupCommit, type GroupedUseCase } from "./group-commit.ts";
import { type GroupedEnd, GroupFinish } from "./group-finish.ts";
import {
  type Idempotency,
  type IdempotencyKey,
  inProgress,
  KEPT_MS,
  KEPT_WITH_PROVIDER_MS,
  UNCHANGED,
} from "./idempotency.ts";
import type { Completion, PendingCall } from "./pending-call.ts";

export interface IdempotentCallsOptions {
  transactions: AuditedTransactions;
  idempotency: Idempotency;
  clock: Clock;
}

/**
 * Calls that change something, with their idempotency keys. The transaction of the change holds the key and its first
 * answer, so that a repeated call gets the same answer and changes nothing.
 */
export class IdempotentCalls {
  readonly #options: IdempotentCallsOptions;

  constructor(options: IdempotentCallsOptions) {
    this.#options = options;
  }

  /**
   * Runs a use case that a caller asked for. With an idempotency key its first answer, also a refusal, is kept and
   * given again to the same request. Where it changed nothing, it runs again instead, and must change nothing again.
   *
   * @param shown what is read by an answer that changed nothing, or is given again; nothing, if absent
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
    if (!key) return await this.#commit(call, workOrRead);
    const first = await this.#commitOnce(call, key, async (tx) => {
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

  /** The id of the call's key, under which `finish` keeps its answer. Throws for a method that requires no key. */
  keyIdOf(call: Call): Buffer {
    return this.#keyWithProvider(call).id;
  }

  /**
   * Begins a use case whose effect lies with a provider: commits the key without an answer, together with all that
   * is needed to ask the provider for the outcome, which is then called outside of any transaction. `finish` ends it.
   *
   * @returns the first answer, where the key was used before; undefined where this call has begun the use case
   */
  async begin<T>(call: Call, work: (tx: Transaction) => Promise<AuditEntry[]>): Promise<T | undefined> {
    const key = this.#keyWithProvider(call);
    const first = await this.#commitOnce<T | undefined>(call, key, async (tx) => {
      this.#options.idempotency.reserve(tx, key);
      return { response: undefined, entries: await work(tx) };
    });
    // `finish` keeps every answer.
    return first === UNCHANGED ? undefined : first;
  }

  /**
   * Ends what `begin` began, in one transaction with the key's answer. It may end more than once (a job may be faster
   * than the request): the first answer stays.
   *
   * @returns the first answer
   */
  async finish<T>(
    pending: PendingCall<T>,
    work: (tx: Transaction) => Promise<Completion<T>>,
  ): Promise<T | ApiError> {
    const { transactions, idempotency } = this.#options;
    const { keyId, definition, actorId, call } = pending;
    const { result, delivered } = await transactions.commit(async (tx) => {
      // The work locks its rows before the key, as `begin` does.
      const [completion, isOpen] = await Promise.all([work(tx), idempotency.lockReserved(tx, keyId)]);
      const { answer, entries } = completion;
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

  /** Runs a use case whose concurrent requests share transactions, with their idempotency keys. */
  grouped<Request, Facts, Plan, Response>(
    useCase: GroupedUseCase<Request, Facts, Plan, Response>,
  ): (request: Request, call: Call) => Promise<Response> {
    const group = new GroupCommit(this.#options, useCase);
    return (request, call) => group.run(request, call);
  }

  /**
   * As `begin`, for a use case whose concurrent requests share transactions.
   *
   * @returns the first answer, where the key was used before, or what `write` returned where this call has begun the use case
   */
  groupedBegin<Request, Facts, Plan, Written, Answer>(
    useCase: GroupedUseCase<Request, Facts, Plan, Written>,
  ): (request: Request, call: Call) => Promise<{ begun: Written } | { answer: Answer }> {
    const group = new GroupCommit(this.#options, useCase, true);
    return async (request, call) => {
      const response = await group.run(request, call);
      return call.replayed ? { answer: response as unknown as Answer } : { begun: response };
    };
  }

  /** As `finish`, for ends that share transactions. */
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

  /** Commits with the key, unless it was used before: then its first answer is given again, or UNCHANGED. */
  async #commitOnce<T>(
    call: Call,
    key: IdempotencyKey,
    work: (tx: Transaction) => Promise<Effect<T>>,
  ): Promise<T | typeof UNCHANGED> {
    const { idempotency } = this.#options;
    try {
      return await this.#commitWithKey(call, key, work);
    } catch (error) {
      if (idempotency.isTaken(error) || (await this.#isRefusedAfterAnswer(error, key)))
        return await this.#replay(call, key, work);
      if (await idempotency.isInProgress(error, key)) throw inProgress();
      throw error;
    }
  }

  /** The use case may refuse before the key's insert is sent, because of the first request's own effect, such as a taken slot. */
  async #isRefusedAfterAnswer(error: unknown, key: IdempotencyKey): Promise<boolean> {
    const { idempotency, clock } = this.#options;
    // After a fault the database is not asked again: it may be overloaded.
    if (!(error instanceof ApiError) || error.rule.isKept || error.rule.httpStatus >= 500) return false;
    return await idempotency.isUsed(key, clock.now());
  }

  /** As `#commit`; a lasting refusal is kept with the key as well. */
  async #commitWithKey<T>(
    call: Call,
    key: IdempotencyKey,
    work: (tx: Transaction) => Promise<Effect<T>>,
  ): Promise<T> {
    const { idempotency } = this.#options;
    try {
      return await this.#commit(
        call,
        work,
        // A twin that waited for the first one has waited long enough.
        async (error) => !(await idempotency.isInProgress(error, key)),
      );
    } catch (error) {
      if (error instanceof ApiError && error.rule.isKept) await idempotency.keepRefusal(key, error);
      throw error;
    }
  }

  async #commit<T>(
    call: Call,
    work: (tx: Transaction) => Promise<Effect<T>>,
    mayRetry?: (error: unknown) => Promise<boolean>,
  ): Promise<T> {
    const { result: response, delivered } = await this.#options.transactions.commit(
      async (tx) => {
        // Past the deadline, after the wait for a connection, no one waits for the answer.
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

  /** Committed before the answer leaves, as with any read. */
  async #recordReads(call: Call, entries: AuditEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const causes = [causeOf(call, entries)];
    await this.#options.transactions.commit(async () => ({ result: undefined, causes }));
  }

  async #replay<T>(
    call: Call,
    key: IdempotencyKey,
    work: (tx: Transaction) => Promise<Effect<T>>,
  ): Promise<T | typeof UNCHANGED> {
    const { idempotency, clock } = this.#options;
    const first = await idempotency.firstResponse<T>(call, key, clock);
    if (first === UNCHANGED) return UNCHANGED;
    return first ? first.response : await this.#commitOnce(call, key, work);
  }

  /** Runs a use case again that changed nothing. Throws IDEMPOTENCY_KEY_OUTDATED if it would change something by now. */
  async #repeat<T>(call: Call, work: (tx: Transaction) => Promise<Effect<T>>): Promise<T> {
    const response = await this.#commit(call, async (tx) => {
      const effect = await work(tx);
      if (hasChanged(effect)) throw new ApiError("IDEMPOTENCY_KEY_OUTDATED");
      return effect;
    });
    call.replayed = true;
    return response;
  }
}
