import type { MethodDefinition } from "@grpc/grpc-js";
import { type Context, context } from "@opentelemetry/api";
import { type AuditRecord, auditRows, INSERT_AUDIT_EVENTS, type Outcome } from "../audit/audit-store.ts";
import type { Access } from "../audit/recorder.ts";
import type { KeyedHash } from "../crypto/keyed-hash.ts";
import type { Database, TransactionOptions } from "../db/database.ts";
import type { Transaction } from "../db/transaction.ts";
import { ApiError } from "../errors/api-error.ts";
import { actorOf, type Call } from "../grpc/call.ts";
import { newId } from "../ids/ids.ts";
import { type Delivery, deliveriesOf, type EventRoutes, type NewEvent } from "../outbox/event.ts";
import { insertDeliveries } from "../outbox/outbox-store.ts";
import type { Relay } from "../outbox/relay.ts";
import { counter } from "../telemetry/metrics.ts";
import { activeTraceId } from "../telemetry/tracing.ts";
import type { Clock } from "../time/clock.ts";
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

/** Audit line and events of a change. */
export interface AuditEntry {
  /** The changed resource's name, such as "bookings/{id}". */
  resource: string;
  /** The people whose data it is. */
  subjectIds: string[];
  /** Action in the audit trail; default: the method's audit name. */
  action?: string;
  outcome?: Outcome;
  /** Actor; default: the caller. */
  actorId?: string;
  /** The break-glass grant that it is about. */
  grantId?: string;
  events?: NewEvent[];
  /** Nothing of it changed, but the answer shows it. */
  isRead?: boolean;
}

/** Audit lines of a repeated transition or call: its answer shows the same as a read. */
export const readEntries = (action: string, accesses: Access[]): AuditEntry[] =>
  accesses.map((access) => ({ ...access, action, isRead: true }));

/**
 * A use case's answer and what it changed: nothing, where a transition is repeated. An error as the answer is a failed
 * attempt that leaves traces (counted, audited): they are committed, and then it is thrown.
 */
export interface Effect<T> {
  response: T | ApiError;
  entries: AuditEntry[];
}

/** A use case that `begin` has begun, and who ends it. */
export interface PendingCall<T> {
  keyId: Buffer;
  /** The method that was called. */
  definition: Pick<MethodDefinition<never, T>, "responseSerialize" | "responseDeserialize">;
  actorId: string;
  /** The call that ends what it began; absent where a job found it unfinished. */
  call?: Call | undefined;
}

/** How a use case ended that `begin` had begun. A refusal is an answer, too: it is committed with its effect. */
export interface Completion<T> {
  answer: T | ApiError;
  entries: AuditEntry[];
}

/** Trails of one request, event or job. */
export interface Cause {
  entries: AuditEntry[];
  actorId: string;
  call?: Call | undefined;
  /** Context of its trace. */
  context: Context;
}

export interface ChangesOptions {
  db: Database;
  clock: Clock;
  idempotency: Idempotency;
  relay: Pick<Relay, "send">;
  /** Makes the MACs of events. */
  hash: KeyedHash;
  routes: EventRoutes;
}

const changed = counter("changes", "Changes made, by action: bookings, payments, consultations, sign-ins …");

/**
 * Makes changes: one transaction holds the idempotency key, the use case's own statements, the audit line and the
 * events, so that all of it happened or none of it. After the commit the events go out.
 */
export class Changes {
  readonly #options: ChangesOptions;

  constructor(options: ChangesOptions) {
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
    begun: PendingCall<T>,
    work: (tx: Transaction) => Promise<Completion<T>>,
  ): Promise<T | ApiError> {
    const { db, idempotency, relay } = this.#options;
    const { keyId, definition, actorId, call } = begun;
    const { answer, isFirst, deliveries } = await db.transaction(async (tx) => {
      // The work locks its rows before the key, as `begin` does.
      const [ending, isOpen] = await Promise.all([work(tx), idempotency.lockReserved(tx, keyId)]);
      const { answer, entries } = ending;
      const isFirst = isOpen(keyId);
      if (isFirst) {
        const bytes = answer instanceof ApiError ? answer : definition.responseSerialize(answer);
        idempotency.keepReserved(tx, keyId, bytes);
      }
      return { answer, isFirst, deliveries: this.record(tx, entries, actorId, call) };
    });
    await relay.send(deliveries);
    return await this.firstAnswer(begun, { answer, isFirst });
  }

  /** The answer that an end's key was given first: its own, unless somebody else was faster. */
  async firstAnswer<T>(
    { keyId, definition }: PendingCall<T>,
    { answer, isFirst }: { answer: T | ApiError; isFirst: boolean },
  ): Promise<T | ApiError> {
    const first = isFirst ? undefined : await this.#options.idempotency.answerOf(keyId);
    if (!first) return answer;
    return first instanceof ApiError ? first : definition.responseDeserialize(first);
  }

  /** Makes a change that no caller asked for: a job's, or the clock's. */
  async applyInternally(actorId: string, work: (tx: Transaction) => Promise<AuditEntry[]>): Promise<void> {
    await this.applyAll(async (tx) => [{ entries: await work(tx), actorId, context: context.active() }]);
  }

  /** As `applyInternally`, for several causes, such as events. */
  async applyAll(
    work: (tx: Transaction) => Promise<Cause[]>,
    options: TransactionOptions = {},
  ): Promise<void> {
    const { db, relay } = this.#options;
    const deliveries = await db.transaction(async (tx) => this.recordAll(tx, await work(tx)), options);
    // Not awaited: the sender of an event waits for this commit only.
    void relay.send(deliveries.flat());
  }

  /** Runs a use case whose concurrent requests share transactions, with their idempotency keys. */
  grouped<Request, Facts, Plan, Response>(
    useCase: GroupedUseCase<Request, Facts, Plan, Response>,
  ): (request: Request, call: Call) => Promise<Response> {
    const group = new GroupCommit(this.#options, this, useCase);
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
    const group = new GroupCommit(this.#options, this, useCase, true);
    return async (request, call) => {
      const response = await group.run(request, call);
      return call.replayed ? { answer: response as unknown as Answer } : { begun: response };
    };
  }

  /** As `finish`, for ends that share transactions. */
  groupedFinish<Outcome, Facts, Response>(
    end: GroupedEnd<Outcome, Facts, Response>,
  ): (begun: PendingCall<Response>, outcome: Outcome) => Promise<Response | ApiError> {
    const group = new GroupFinish(this.#options, this, end);
    return (begun, outcome) => group.run(begun, outcome);
  }

  /** Writes the audit lines and events of trails into their transaction. @returns what to send after the commit */
  record(tx: Transaction, entries: AuditEntry[], actorId: string, call?: Call): Delivery[] {
    return this.recordAll(tx, [{ entries, actorId, call, context: context.active() }])[0]!;
  }

  /** As `record`, for several causes. @returns what to send, for each of them */
  recordAll(tx: Transaction, causes: Cause[]): Delivery[][] {
    const { clock, routes, hash } = this.#options;
    const now = clock.now();
    const recorded = causes.map((cause) => context.with(cause.context, () => recordsOf(cause, routes, now)));
    const lines = recorded.flatMap(({ lines }) => lines);
    if (lines.length === 0) return recorded.map(() => []);
    tx.defer(INSERT_AUDIT_EVENTS, [auditRows(lines.map(({ record }) => record))]);
    tx.afterCommit(() => {
      for (const {
        record: { action, outcome },
        isRead,
      } of lines)
        if (!isRead) changed({ action, outcome });
    });
    const deliveries = recorded.map(({ deliveries }) => deliveries);
    insertDeliveries(tx, deliveries.flat(), now, hash);
    return deliveries;
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
    const { db, relay } = this.#options;
    const { effect, deliveries } = await db.transaction(
      async (tx) => {
        // After the wait for a connection: nobody waits for the answer any more, so that the change is better not made.
        if (Date.now() > call.deadline) throw new ApiError("DEADLINE_EXCEEDED");
        const effect = await work(tx);
        return { effect, deliveries: this.record(tx, effect.entries, actorOf(call), call) };
      },
      { mayRetry },
    );
    await relay.send(deliveries);
    if (effect.response instanceof ApiError) throw effect.response;
    return effect.response;
  }

  /** Committed before the answer leaves, as with any read. */
  async #recordReads(call: Call, entries: AuditEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await this.#options.db.transaction(async (tx) => this.record(tx, entries, actorOf(call), call));
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

/** Whether a use case changed anything. A failed attempt only leaves traces. */
const hasChanged = ({ response, entries }: Effect<unknown>): boolean =>
  !(response instanceof ApiError) && entries.some(({ isRead }) => !isRead);

function recordsOf({ entries, actorId, call }: Cause, routes: EventRoutes, now: Date) {
  const events = entries.flatMap((entry) => entry.events ?? []);
  return {
    lines: entries.map((entry) => ({ record: auditRecord(entry, actorId, now, call), isRead: entry.isRead })),
    deliveries: deliveriesOf(events, routes, now),
  };
}

function auditRecord(
  entry: AuditEntry,
  actorId: string,
  occurTime: Date,
  call: Call | undefined,
): AuditRecord {
  return {
    id: newId(),
    action: entry.action ?? call?.method.rules.audit ?? "",
    actorId: entry.actorId ?? actorId,
    subjectIds: entry.subjectIds,
    resource: entry.resource,
    outcome: entry.outcome ?? "SUCCESS",
    requestId: call?.requestId ?? "",
    traceId: activeTraceId(),
    occurTime,
    grantId: entry.grantId,
  };
}
