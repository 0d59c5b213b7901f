import { context } from "@opentelemetry/api";
import { type AuditRecord, insertAuditEvents } from "../audit/audit-store.ts";
import type { KeyedHash } from "../crypto/keyed-hash.ts";
import type { Database, TransactionOptions } from "../db/database.ts";
import type { Transaction } from "../db/transaction.ts";
import type { Call } from "../grpc/call.ts";
import { newId } from "../ids/ids.ts";
import { type Delivery, deliveriesOf, type EventRoutes } from "../outbox/event.ts";
import { insertDeliveries } from "../outbox/outbox-store.ts";
import type { Relay } from "../outbox/relay.ts";
import { counter } from "../telemetry/metrics.ts";
import { activeTraceId } from "../telemetry/tracing.ts";
import type { Clock } from "../time/clock.ts";
import type { AuditEntry, Cause } from "./audit-entry.ts";

export interface AuditedTransactionsOptions {
  db: Database;
  clock: Clock;
  /** Absent in a command that publishes no events. An entry with an event then makes its transaction fail. */
  outbox?: Outbox;
}

/** Parts that store the events of a change in the outbox, and send them after the commit. */
export interface Outbox {
  relay: Pick<Relay, "send">;
  /** Keyed hash for the MACs of the outbox rows (see event-mac.ts). */
  hash: KeyedHash;
  routes: EventRoutes;
}

/** Result of a committed transaction. */
export interface Committed<T> {
  result: T;
  /**
   * Resolves when the events of the transaction are delivered, or when the wait for their delivery times out.
   */
  delivered: Promise<void>;
}

const changed = counter("changes", "Committed changes, by action and outcome");

/**
 * Runs transactions that commit a change together with its audit lines and its events. The relay sends the
 * events right after the commit.
 */
export class AuditedTransactions {
  readonly #options: AuditedTransactionsOptions;

  constructor(options: AuditedTransactionsOptions) {
    this.#options = options;
  }

  /**
   * Commits a change that no caller has asked for, such as one by a job. Resolves at the commit, before
   * events are delivered.
   */
  async run(actorId: string, work: (tx: Transaction) => Promise<AuditEntry[]>): Promise<void> {
    await this.runAll(async (tx) => [{ entries: await work(tx), actorId, context: context.active() }]);
  }

  /**
   * Commits a change that has several causes, such as a batch of events. Resolves at the commit, as `run`
   * does.
   */
  async runAll(work: (tx: Transaction) => Promise<Cause[]>, options: TransactionOptions = {}): Promise<void> {
    await this.commit(async (tx) => ({ result: undefined, causes: await work(tx) }), options);
  }

  /** Commits the changes of `work`, with the audit lines and events of the causes that `work` returns. */
  async commit<T>(
    work: (tx: Transaction) => Promise<{ result: T; causes: Cause[] }>,
    options: TransactionOptions = {},
  ): Promise<Committed<T>> {
    const { db, outbox } = this.#options;
    const { result, deliveries } = await db.transaction(async (tx) => {
      const { result, causes } = await work(tx);
      return { result, deliveries: this.#record(tx, causes) };
    }, options);
    return { result, delivered: outbox?.relay.send(deliveries) ?? Promise.resolve() };
  }

  /** Adds audit lines and events to the transaction. @returns the events to send after the commit */
  #record(tx: Transaction, causes: Cause[]): Delivery[] {
    const { clock, outbox } = this.#options;
    const now = clock.now();
    const recorded = causes.map((cause) =>
      context.with(cause.context, () => recordsOf(cause, outbox?.routes, now)),
    );
    const lines = recorded.flatMap(({ lines }) => lines);
    if (lines.length === 0) return [];
    insertAuditEvents(
      tx,
      lines.map(({ record }) => record),
    );
    tx.afterCommit(() => {
      for (const { record, isRead } of lines)
        if (!isRead) changed({ action: record.action, outcome: record.outcome });
    });
    const deliveries = recorded.flatMap(({ deliveries }) => deliveries);
    if (outbox) insertDeliveries(tx, deliveries, now, outbox.hash);
    return deliveries;
  }
}

function recordsOf({ entries, actorId, call }: Cause, routes: EventRoutes | undefined, now: Date) {
  const events = entries.flatMap((entry) => entry.events ?? []);
  if (!routes && events.length > 0) throw new Error("these transactions have no outbox for events");
  return {
    lines: entries.map((entry) => ({ record: auditRecord(entry, actorId, now, call), isRead: entry.isRead })),
    deliveries: routes ? deliveriesOf(events, routes, now) : [],
  };
}

const auditRecord = (
  entry: AuditEntry,
  actorId: string,
  occurTime: Date,
  call: Call | undefined,
): AuditRecord => ({
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
});
