import { status } from "@grpc/grpc-js";
import type {
  DeliverEventsRequest,
  DeliverEventsResponse,
  Event,
  EventFailure,
} from "@medconnect/proto/medconnect/events/v1/events.ts";
import { context } from "@opentelemetry/api";
import type { AuditedTransactions } from "../changes/audited-transactions.ts";
import { binaryId } from "../db/binary-id.ts";
import { isLockWait, isRetryable } from "../db/errors.ts";
import type { Transaction } from "../db/transaction.ts";
import { ApiError } from "../errors/api-error.ts";
import { actorOf, type Call } from "../grpc/call.ts";
import type { Logger } from "../telemetry/log.ts";
import { extractTrace, inSpan, SpanKind } from "../telemetry/tracing.ts";
import type { Clock } from "../time/clock.ts";
import { applyTogether } from "./apply-together.ts";
import type { EventHandler } from "./event-handler.ts";

/** The consumer's table: who may send an event, and what it does here. */
export type Consumers = Readonly<Record<string, Consumer>>;

interface Consumer {
  from: string;
  apply: EventHandler;
  /** Usually the first event of its aggregate here: nothing is read about earlier ones, unless there are some. */
  isFirst?: boolean;
}

/** When an event may come again that it is too early for. */
const LATER = { seconds: 5, nanos: 0 };
/** No rollout takes so long: what is of an unknown type by then came from a release that was rolled back. */
const NEWER_SENDER_MS = 24 * 3_600_000;

const FIRST = "INSERT INTO inbox (aggregate_id, version) VALUES ?";
const LOCK = `INSERT INTO inbox (aggregate_id, version) VALUES ?
  ON DUPLICATE KEY UPDATE version = inbox.version`;
const VERSIONS = "SELECT aggregate_id, version FROM inbox WHERE aggregate_id IN (?)";
const APPLIED = `INSERT INTO inbox (aggregate_id, version) VALUES ? AS new
  ON DUPLICATE KEY UPDATE version = new.version`;

const HEARD = `INSERT INTO inbox (aggregate_id, version) VALUES ? AS new
  ON DUPLICATE KEY UPDATE version = GREATEST(inbox.version, new.version)`;

/**
 * Notes that an aggregate's state at a version was learnt in another way than by an event, and is applied in this
 * transaction: events of it that come late are not applied any more.
 */
export function noteHeard(tx: Transaction, aggregateId: string, version: number): void {
  tx.defer(HEARD, [[[binaryId(aggregateId), version]]]);
}

/** EventService.DeliverEvents, as `Inbox.deliverEvents`. */
export const deliverEvents = (
  inbox: Inbox,
  request: DeliverEventsRequest,
  call: Call,
): Promise<DeliverEventsResponse> => inbox.deliverEvents(request, call);

/**
 * Applies each event once and only if it is newer: the version applied last is kept per aggregate and moved on in the
 * transaction of the effect, so order, duplicates and several relays do not matter.
 */
export class Inbox {
  readonly #transactions: AuditedTransactions;
  readonly #consumers: Consumers;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(transactions: AuditedTransactions, consumers: Consumers, clock: Clock, log: Logger) {
    this.#transactions = transactions;
    this.#consumers = consumers;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Applies a batch in one transaction; where that fails, one by one, so that one bad event holds up no other. Throws
   * CONFLICT where another transaction held something for so long that there is no time for that: the sender then sends
   * one by one. Throws UNAVAILABLE or DEADLINE_EXCEEDED where it is not for the events, but for the database, that none
   * can be applied. They all come again, those that were applied before as well.
   *
   * Puts off what is of a type that it does not know, for a day: while a deployment rolls, its senders may be newer. After
   * that each try counts, so that what a rollback left behind dies, and is seen, rather than be sent for ever.
   */
  deliverEvents = async ({ events }: DeliverEventsRequest, call: Call): Promise<DeliverEventsResponse> => {
    const isKnown = ({ type }: Event) => Object.hasOwn(this.#consumers, type);
    const known = events.filter(isKnown);
    for (const event of known) this.#assertSender(event, call);
    const unknown = events.filter((event) => !isKnown(event));
    const since = this.#clock.now().getTime() - NEWER_SENDER_MS;
    const failures: EventFailure[] = unknown.map(({ id, occurTime }) => ({
      eventId: id,
      reason: "UNKNOWN_TYPE",
      retryAfter: occurTime!.getTime() > since ? LATER : undefined,
    }));
    if (known.length > 0) failures.push(...(await this.#deliver(known, actorOf(call))));
    return { failures };
  };

  /**
   * Applies as many events as it can in a transaction that skips locked rows. The rest follows in one that waits: where a row is
   * locked or missing, where an earlier event changes the same rows, and where a decision fails.
   *
   * @returns why, for those that could not be applied
   */
  async #deliver(events: Event[], actorId: string): Promise<EventFailure[]> {
    let left = newestOfEach(events);
    try {
      let isShared = left.length > 1;
      while (left.length > 0) {
        left = await this.#apply(left, actorId, isShared);
        isShared = false;
      }
      return [];
    } catch (error) {
      assertOfEvent(error);
      const ids = new Set(left.map(({ aggregateId }) => aggregateId));
      const rest = events.filter(({ aggregateId }) => ids.has(aggregateId));
      if (rest.length === 1) return [this.#failure(rest[0]!, error)];
      assertTimeLeft(error);
      return await this.#deliverOneByOne(rest, actorId);
    }
  }

  async #deliverOneByOne(events: Event[], actorId: string): Promise<EventFailure[]> {
    const failures: EventFailure[] = [];
    for (const event of events) {
      try {
        await this.#apply([event], actorId, false);
      } catch (error) {
        assertOfEvent(error);
        assertTimeLeft(error);
        failures.push(this.#failure(event, error));
      }
    }
    return failures;
  }

  #assertSender(event: Event, call: Call): void {
    if (`service:${this.#consumers[event.type]!.from}` !== actorOf(call))
      throw new ApiError("PERMISSION_DENIED");
  }

  #failure(event: Event, error: unknown): EventFailure {
    const isHeldUp = isRetryable(error);
    const reason = isHeldUp ? "CONFLICT" : ApiError.from(error).reason;
    this.#log.warn({ err: error, eventId: event.id, type: event.type, reason }, "event cannot be applied");
    return { eventId: event.id, reason, retryAfter: isHeldUp ? LATER : undefined };
  }

  /** In a span of the trace that caused the (first) event. @returns the events left for another transaction */
  async #apply(events: Event[], actorId: string, isShared: boolean): Promise<Event[]> {
    const [first] = events;
    const parent = extractTrace({ traceparent: first!.traceparent });
    const attributes = { "messaging.batch.message_count": events.length };
    const commit = (areFirst: boolean) => this.#commit(events, actorId, { isShared, areFirst });
    return await inSpan(
      `process ${first!.type}`,
      { kind: SpanKind.CONSUMER, attributes, parent },
      async () => {
        if (!events.every(({ type }) => this.#consumers[type]!.isFirst)) return await commit(false);
        try {
          return await commit(true);
        } catch (error) {
          if (isRetryable(error)) throw error;
          assertOfEvent(error);
          // A key is taken, or the handler met the event's own earlier effect.
          return await commit(false);
        }
      },
    );
  }

  /**
   * Applies those events that are newer than what was applied before.
   *
   * @param isShared the transaction skips locked rows
   * @param areFirst no event of the aggregates was applied before; where one was, the inbox's key fails the transaction
   * @returns the events left for another transaction
   */
  async #commit(
    events: Event[],
    actorId: string,
    { isShared, areFirst }: { isShared: boolean; areFirst: boolean },
  ): Promise<Event[]> {
    let left: Event[] = [];
    await this.#transactions.runAll(
      async (tx) => {
        const isNewer = areFirst ? Promise.resolve(() => true) : this.#lockVersions(tx, events);
        const applied = await applyTogether(tx, this.#consumers, events, isNewer, this.#clock, isShared);
        left = applied.left;
        const versions = [...applied.entries.keys()].map(({ aggregateId, version }) => [
          binaryId(aggregateId),
          version,
        ]);
        if (versions.length > 0) tx.defer(areFirst ? FIRST : APPLIED, [versions]);
        return [...applied.entries].map(([event, entries]) => ({
          entries,
          actorId,
          context: event === events[0] ? context.active() : extractTrace({ traceparent: event.traceparent }),
        }));
      },
      {
        skipsLocked: isShared,
        // Several waits for a lock would be longer than the sender waits.
        mayRetry: async (error) => !isLockWait(error),
      },
    );
    return left;
  }

  /** Locks the versions applied last. @returns whether an event is newer */
  async #lockVersions(tx: Transaction, events: Event[]): Promise<(event: Event) => boolean> {
    tx.defer(LOCK, [events.map((event) => [binaryId(event.aggregateId), 0])]);
    const applied = await tx.read<{ aggregate_id: string; version: number }>(VERSIONS, [
      events.map((event) => binaryId(event.aggregateId)),
    ]);
    const versions = new Map(applied.map((row) => [row.aggregate_id, row.version]));
    return (event) => event.version > versions.get(event.aggregateId)!;
  }
}

/** Throws an error that is none of the event's: the sender takes its consumer as away, which costs no tries. */
function assertOfEvent(error: unknown): void {
  if (isRetryable(error)) return;
  const { code } = ApiError.from(error);
  if (code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED) throw error;
}

/** Throws CONFLICT for a lock that was waited for: with another wait, the sender would have given up. */
function assertTimeLeft(error: unknown): void {
  if (isRetryable(error)) throw new ApiError("CONFLICT", { cause: error });
}

/** The newest event of each aggregate, in the order of ids: the global lock order. */
function newestOfEach(events: Event[]): Event[] {
  const newest = new Map<string, Event>();
  for (const event of events) {
    const known = newest.get(event.aggregateId);
    if (!known || known.version < event.version) newest.set(event.aggregateId, event);
  }
  return [...newest.values()].sort((a, b) => (a.aggregateId < b.aggregateId ? -1 : 1));
}
