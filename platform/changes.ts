import { type AuditRecord, auditRows, INSERT_AUDIT_EVENTS, type Outcome } from "./audit/audit-store.ts";
import type { Clock } from "./clock.ts";
import type { Database } from "./db/database.ts";
import type { Transaction } from "./db/transaction.ts";
import { ApiError } from "./errors/api-error.ts";
import { actorOf, type Call } from "./grpc/call.ts";
import { type Idempotency, type IdempotencyKey, inProgress } from "./idempotency.ts";
import { newId } from "./ids.ts";
import {
  type Delivery,
  deliveriesOf,
  type EventRoutes,
  INSERT_OUTBOX,
  type NewEvent,
  outboxRows,
} from "./outbox/event.ts";
import type { Relay } from "./outbox/relay.ts";
import { activeTraceId } from "./telemetry/tracing.ts";

/** What a change did, beyond its rows: who must be able to see it in the audit trail, and who is told of it. */
export interface Trail {
  /** The changed resource's name, such as "bookings/{id}". */
  resource: string;
  /** The people whose data it is. */
  subjectIds: string[];
  /** What it is called in the audit trail; the method's own audit name if absent. */
  action?: string;
  outcome?: Outcome;
  /** Who did it; the caller if absent. */
  actorId?: string;
  events?: NewEvent[];
}

/** A use case's answer and what it changed: nothing, where a transition is repeated. */
export interface Effect<T> {
  response: T;
  trails: Trail[];
}

export interface ChangesOptions {
  db: Database;
  clock: Clock;
  idempotency: Idempotency;
  relay: Relay;
  routes: EventRoutes;
}

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
   * given again to the same request.
   */
  async apply<T>(call: Call, work: (tx: Transaction) => Promise<Effect<T>>): Promise<T> {
    const key = this.#options.idempotency.keyOf(call, this.#options.clock.now());
    if (!key) return await this.#commit(call, undefined, work);
    try {
      return await this.#commitOnce(call, key, work);
    } catch (error) {
      if (this.#options.idempotency.isTaken(error)) return await this.#replay(call, key, work);
      if (await this.#options.idempotency.isInProgress(error, key)) throw inProgress();
      throw error;
    }
  }

  /** Makes a change that no caller asked for: an event's, or a job's. */
  async applyInternally(actorId: string, work: (tx: Transaction) => Promise<Trail[]>): Promise<void> {
    const deliveries = await this.#options.db.transaction(async (tx) => {
      const trails = await work(tx);
      return this.record(tx, trails, actorId);
    });
    // Not waited for: whoever sent the event waits for this commit only.
    void this.#options.relay.send(deliveries);
  }

  /** Writes the audit lines and events of trails into their transaction. @returns what to send after the commit */
  record(tx: Transaction, trails: Trail[], actorId: string, call?: Call): Delivery[] {
    const now = this.#options.clock.now();
    if (trails.length === 0) return [];
    tx.defer(INSERT_AUDIT_EVENTS, [auditRows(trails.map((trail) => auditRecord(trail, actorId, now, call)))]);
    const deliveries = deliveriesOf(
      trails.flatMap((trail) => trail.events ?? []),
      this.#options.routes,
      now,
    );
    if (deliveries.length > 0) tx.defer(INSERT_OUTBOX, [outboxRows(deliveries, now)]);
    return deliveries;
  }

  /** As `#commit`; a refusal is kept with the key as well. */
  async #commitOnce<T>(
    call: Call,
    key: IdempotencyKey,
    work: (tx: Transaction) => Promise<Effect<T>>,
  ): Promise<T> {
    try {
      return await this.#commit(call, key, work);
    } catch (error) {
      if (error instanceof ApiError && error.isRefusal)
        await this.#options.idempotency.keepRefusal(key, error);
      throw error;
    }
  }

  async #commit<T>(
    call: Call,
    key: IdempotencyKey | undefined,
    work: (tx: Transaction) => Promise<Effect<T>>,
  ): Promise<T> {
    const { db, idempotency, relay } = this.#options;
    const { response, deliveries } = await db.transaction(async (tx) => {
      if (key) idempotency.reserve(tx, key);
      const effect = await work(tx);
      if (key) idempotency.keep(tx, key, call.definition.responseSerialize(effect.response));
      return { response: effect.response, deliveries: this.record(tx, effect.trails, actorOf(call), call) };
    });
    await relay.send(deliveries);
    return response;
  }

  async #replay<T>(
    call: Call,
    key: IdempotencyKey,
    work: (tx: Transaction) => Promise<Effect<T>>,
  ): Promise<T> {
    const { idempotency, clock } = this.#options;
    try {
      const answer = await idempotency.replay(key, clock.now());
      if (!answer) return await this.#commitOnce(call, key, work);
      call.replayed = true;
      return call.definition.responseDeserialize(answer) as T;
    } catch (error) {
      if (error instanceof ApiError && error.isRefusal) call.replayed = true;
      throw error;
    }
  }
}

function auditRecord(trail: Trail, actorId: string, occurTime: Date, call: Call | undefined): AuditRecord {
  return {
    id: newId(),
    action: trail.action ?? call?.method.rules.audit ?? "",
    actorId: trail.actorId ?? actorId,
    subjectIds: trail.subjectIds,
    resource: trail.resource,
    outcome: trail.outcome ?? "SUCCESS",
    requestId: call?.requestId ?? "",
    traceId: activeTraceId(),
    occurTime,
  };
}
