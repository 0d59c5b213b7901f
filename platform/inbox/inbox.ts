import type {
  DeliverEventsRequest,
  DeliverEventsResponse,
  Event,
  EventFailure,
} from "@medconnect/proto/medconnect/events/v1/events.ts";
import { context } from "@opentelemetry/api";
import type { AuditedTransactions } from "../changes/audited-transactions.ts";
import { isLockWait, isRetryable } from "../db/errors.ts";
import type { Transaction } from "../db/transaction.ts";
import { ApiError } from "../errors/api-error.ts";
import { status } from "../errors/status-code.ts";
import { actorOf, type Call } from "../grpc/call.ts";
import type { Logger } from "../telemetry/log.ts";
import { extractTrace, inSpan, SpanKind } from "../telemetry/tracing.ts";
import type { Clocks } from "../time/clock.ts";
import { applyTogether } from "./apply-together.ts";
import type { EventHandler } from "./event-handler.ts";
import { insertVersions, lockVersions, saveVersions } from "./inbox-store.ts";

/** Handlers of the events that other services send to this one, by event type. */
export type Consumers = Readonly<Record<string, Consumer>>;

interface Consumer {
  /** Name of the only service that may send the event. */
  from: string;
  apply: EventHandler;
  /**
   * True if the event is usually the first one of its aggregate. The inbox then skips reading the last
   * applied version.
   */
  isFirst?: boolean;
}

/**
 * Delay after which the sender retries an event that is too new for this release, or that failed through a
 * conflict.
 */
const LATER = { seconds: 5, nanos: 0 };
/**
 * Age in ms from which an event of an unknown type is refused. An event this old probably comes from a
 * release that was rolled back.
 */
const NEWER_SENDER_MS = 24 * 3_600_000;

/** EventService.DeliverEvents: see `Inbox.deliverEvents`. */
export const deliverEvents = (
  inbox: Inbox,
  request: DeliverEventsRequest,
  call: Call,
): Promise<DeliverEventsResponse> => inbox.deliverEvents(request, call);

/**
 * Applies each event at most once, and only if it is newer than the last applied version of its aggregate.
 * The transaction that applies an event also stores the version of the event. So events may arrive twice, in
 * any order, and from several relays.
 */
export class Inbox {
  readonly #transactions: AuditedTransactions;
  readonly #consumers: Consumers;
  readonly #clocks: Clocks;
  readonly #log: Logger;

  constructor(transactions: AuditedTransactions, consumers: Consumers, clocks: Clocks, log: Logger) {
    this.#transactions = transactions;
    this.#consumers = consumers;
    this.#clocks = clocks;
    this.#log = log;
  }

  /**
   * Applies a batch of events in one transaction. If that fails, applies the events one by one, so that a bad
   * event does not block the others.
   *
   * Two failures make the sender try again. After a lock wait timeout, no time is left to apply the events
   * one by one. So this throws CONFLICT, and the sender sends the events one by one. If the database fails,
   * this throws UNAVAILABLE or DEADLINE_EXCEEDED, and the sender repeats the whole batch.
   *
   * Postpones events of an unknown type for a day, because during a rollout, the sender may be newer than
   * this process. After that day, each attempt is counted as a refusal. If the release of the sender was
   * rolled back, nobody can apply these events. After enough refusals, they are dead, which raises an alert.
   */
  deliverEvents = async ({ events }: DeliverEventsRequest, call: Call): Promise<DeliverEventsResponse> => {
    const isKnown = ({ type }: Event) => Object.hasOwn(this.#consumers, type);
    const known = events.filter(isKnown);
    for (const event of known) this.#assertSender(event, call);
    const unknown = events.filter((event) => !isKnown(event));
    const since = this.#clocks.clock.now().getTime() - NEWER_SENDER_MS;
    const failures: EventFailure[] = unknown.map(({ id, occurTime }) => ({
      eventId: id,
      reason: "UNKNOWN_TYPE",
      // biome-ignore lint/style/noNonNullAssertion: events.proto requires a time
      retryAfter: occurTime!.getTime() > since ? LATER : undefined,
    }));
    if (known.length > 0) failures.push(...(await this.#deliver(known, actorOf(call))));
    return { failures };
  };

  /**
   * Applies events in a transaction that skips locked rows. A second transaction, which waits for locks,
   * applies the events that the first one left: their rows were locked or missing, they share a row with an
   * earlier event, or they could not be applied.
   *
   * @returns the failures of events that could not be applied
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
      const [only, ...more] = rest;
      if (only && more.length === 0) return [this.#failure(only, error)];
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
    // biome-ignore lint/style/noNonNullAssertion: only events of known types arrive here
    if (`service:${this.#consumers[event.type]!.from}` !== actorOf(call))
      throw new ApiError("PERMISSION_DENIED");
  }

  #failure(event: Event, error: unknown): EventFailure {
    const isHeldUp = isRetryable(error);
    const reason = isHeldUp ? "CONFLICT" : ApiError.from(error).reason;
    this.#log.warn({ err: error, eventId: event.id, type: event.type, reason }, "event cannot be applied");
    return { eventId: event.id, reason, retryAfter: isHeldUp ? LATER : undefined };
  }

  /**
   * Applies events in a span that belongs to the trace of the first event. @returns the events left for
   * another transaction
   */
  async #apply(events: Event[], actorId: string, isShared: boolean): Promise<Event[]> {
    // biome-ignore lint/style/noNonNullAssertion: both callers pass at least one event
    const first = events[0]!;
    const parent = extractTrace({ traceparent: first.traceparent });
    const attributes = { "messaging.batch.message_count": events.length };
    const commit = (areFirst: boolean) => this.#commit(events, actorId, { isShared, areFirst });
    return await inSpan(
      `process ${first.type}`,
      { kind: SpanKind.CONSUMER, attributes, parent },
      async () => {
        if (!events.every(({ type }) => this.#consumers[type]?.isFirst)) return await commit(false);
        try {
          return await commit(true);
        } catch (error) {
          if (isRetryable(error)) throw error;
          assertOfEvent(error);
          // The likely cause is a duplicate primary key: this event, or another event of the same aggregate,
          // was applied before. Tries again without the assumption that no event was applied.
          return await commit(false);
        }
      },
    );
  }

  /**
   * Applies those events that are newer than the last applied version of their aggregate.
   *
   * @param isShared true if the transaction skips locked rows
   * @param areFirst true to assume that no event of these aggregates was applied before. If this is wrong,
   *   the transaction fails at the primary key of the inbox
   * @returns the events left for another transaction
   */
  async #commit(
    events: Event[],
    actorId: string,
    { isShared, areFirst }: { isShared: boolean; areFirst: boolean },
  ): Promise<Event[]> {
    const { businessClock } = this.#clocks;
    let left: Event[] = [];
    await this.#transactions.runAll(
      async (tx) => {
        const isNewer = areFirst ? Promise.resolve(() => true) : lockNewer(tx, events);
        const applied = await applyTogether(tx, this.#consumers, events, isNewer, businessClock, isShared);
        left = applied.left;
        const appliedEvents = [...applied.entries.keys()];
        if (appliedEvents.length > 0) (areFirst ? insertVersions : saveVersions)(tx, appliedEvents);
        return [...applied.entries].map(([event, entries]) => ({
          entries,
          actorId,
          context: event === events[0] ? context.active() : extractTrace({ traceparent: event.traceparent }),
        }));
      },
      {
        skipsLocked: isShared,
        // Does not retry after a lock wait, because several lock waits would exceed the deadline of the
        // sender.
        mayRetry: async (error) => !isLockWait(error),
      },
    );
    return left;
  }
}

/**
 * Locks the last applied version of each aggregate. @returns a function that tells whether an event is newer
 * than the last applied version of its aggregate
 */
async function lockNewer(tx: Transaction, events: Event[]): Promise<(event: Event) => boolean> {
  const applied = await lockVersions(tx, events);
  const versions = new Map(applied.map((row) => [row.aggregateId, row.version]));
  // biome-ignore lint/style/noNonNullAssertion: `lockVersions` has inserted each missing aggregate
  return (event) => event.version > versions.get(event.aggregateId)!;
}

/**
 * Rethrows an error that the event has not caused, such as an outage of the database. The sender then does
 * not count the error as a refusal of the event.
 */
function assertOfEvent(error: unknown): void {
  if (isRetryable(error)) return;
  const { code } = ApiError.from(error);
  if (code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED) throw error;
}

/**
 * Throws CONFLICT after a lock wait, because the deadline of the sender would pass during a second lock wait.
 */
function assertTimeLeft(error: unknown): void {
  if (isRetryable(error)) throw new ApiError("CONFLICT", { cause: error });
}

/**
 * Selects the newest event of each aggregate, and sorts the events by aggregate id. All transactions lock
 * rows in this order.
 */
function newestOfEach(events: Event[]): Event[] {
  const newest = new Map<string, Event>();
  for (const event of events) {
    const known = newest.get(event.aggregateId);
    if (!known || known.version < event.version) newest.set(event.aggregateId, event);
  }
  return [...newest.values()].sort((a, b) => (a.aggregateId < b.aggregateId ? -1 : 1));
}
