import { setImmediate as endOfTurn } from "node:timers/promises";
import {
  type Event,
  type EventFailure,
  EventServiceService,
} from "@medconnect/proto/medconnect/events/v1/events.ts";
import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import type { Database } from "../db/database.ts";
import type { Transaction } from "../db/transaction.ts";
import { ApiError } from "../errors/api-error.ts";
import { status } from "../errors/status-code.ts";
import { type GrpcClient, within } from "../grpc/client.ts";
import type { ServiceTokens } from "../identity/service-tokens.ts";
import type { Logger } from "../telemetry/log.ts";
import { counter } from "../telemetry/metrics.ts";
import { extractTrace } from "../telemetry/tracing.ts";
import type { Clock } from "../time/clock.ts";
import { isStarting } from "../time/start-up.ts";
import type { NotGenuine } from "./event-mac.ts";
import { deleteDelivered, type OutboxRow, postpone, recordRefusal } from "./outbox-store.ts";

const BATCH = 200;
/** Maximum number of events of a queue in memory. Further events stay in the outbox table only. */
const MAX_QUEUE = 1000;
const SEND_TIMEOUT_MS = 5000;
/**
 * Delay in ms before delivered rows are deleted in bulk. Deleting each one separately costs a fifth of the
 * database time of a booking. The delay is far shorter than the lease, after which other relays would send
 * the rows again.
 */
const FORGET_MS = 100;
const MAX_BACKOFF_MS = 30_000;
/**
 * Failure of an event whose consumer cannot be reached. This failure is not counted as a refusal, because an
 * outage may last for hours.
 */
const UNREACHABLE = { reason: "UNREACHABLE", retryAfter: { seconds: 2, nanos: 0 } };
/** Failure of a row that holds no event, or the event of another row. */
const UNREADABLE = "UNREADABLE";
/** Status codes that mean that the consumer has not answered. Any other code is an answer of the consumer. */
const AWAY = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.RESOURCE_EXHAUSTED,
  status.UNAUTHENTICATED,
]);

/** An event to send, and how often its consumer has refused it. */
export interface Queued {
  event: Event;
  refusals: number;
}

/** Why an event was not applied, and how long to wait before the next attempt. */
type Failure = Pick<EventFailure, "reason" | "retryAfter">;

interface Sending extends Queued {
  /** Called after the attempt to send the event, whether it succeeded or failed. */
  resolve: () => void;
}

export interface ConsumerQueueOptions {
  db: Database;
  clock: Clock;
  log: Logger;
  serviceTokens: ServiceTokens;
  /** Number of refusals after which an event is dead: it is not sent again until an operator revives it. */
  maxRefusals: number;
}

const delivered = counter("outbox.delivered", "Events delivered, by destination and result");

/**
 * Queue of the events for one consumer. It sends one batch at a time. Events that arrive in the meantime form
 * the next batch.
 */
export class ConsumerQueue {
  readonly #destination: string;
  readonly #client: GrpcClient;
  readonly #options: ConsumerQueueOptions;
  readonly #stopping: AbortSignal;
  #queue: Sending[] = [];
  /** Ids of the events in the queue and in the running batch. */
  readonly #sending = new Set<string>();
  #running: Promise<void> | undefined;
  #away = false;
  #isLoggedAway = false;
  /** Ids of events that the consumer has applied and whose rows are still to be deleted. */
  #applied: string[] = [];
  #forgetting: NodeJS.Timeout | undefined;

  /** @param stopping once aborted, the queue only sends as long as the consumer answers */
  constructor(destination: string, client: GrpcClient, options: ConsumerQueueOptions, stopping: AbortSignal) {
    this.#destination = destination;
    this.#client = client;
    this.#options = options;
    this.#stopping = stopping;
  }

  /** True if the consumer has not answered the last call. */
  get isAway(): boolean {
    return this.#away;
  }

  /**
   * True if the queue accepts events. Otherwise the events stay in the outbox table, where the poll of the
   * relay finds them.
   */
  get isOpen(): boolean {
    return !this.#away && this.#queue.length < MAX_QUEUE;
  }

  isSending(eventId: string): boolean {
    return this.#sending.has(eventId);
  }

  /**
   * Queues events. Resolves when there has been an attempt to send each of them, whether it succeeded or
   * failed.
   */
  async send(events: Queued[]): Promise<void> {
    if (events.length === 0) return;
    const tried = events.map(
      (queued) => new Promise<void>((resolve) => this.#queue.push({ ...queued, resolve })),
    );
    for (const { event } of events) this.#sending.add(event.id);
    // Runs outside of the trace of the first request, because each event carries its own trace.
    this.#running ??= context.with(ROOT_CONTEXT, () => this.#drain());
    await Promise.all(tried);
  }

  /**
   * Counts a refusal for each row that holds no readable event. After enough refusals, the row is dead: it is
   * not sent again until an operator revives it.
   */
  async refuseUnreadable(rows: OutboxRow[]): Promise<void> {
    if (rows.length === 0) return;
    this.#count("refused", rows.length);
    await this.#options.db.transaction(async (tx) => {
      for (const row of rows) this.#refuse(tx, row, UNREADABLE);
    });
  }

  /**
   * Marks an event that this service did not write as dead, without further attempts. No retry could make the
   * event genuine.
   */
  async refuseForged({ id, type, aggregateId }: OutboxRow, reason: NotGenuine): Promise<void> {
    const { db, log } = this.#options;
    this.#count("forged", 1);
    log.error({ eventId: id, type, aggregateId, reason }, "event refused: this service did not write it");
    const availableTime = this.#later(0);
    await db.transaction(async (tx) => recordRefusal(tx, id, { reason, availableTime, isDead: true }));
  }

  /** Waits for the running batches, and deletes the rows of applied events. */
  async close(): Promise<void> {
    await this.#running;
    await this.#forget();
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      // Waits until the turn of the event loop ends, because the requests of a commit group add their events
      // one by one within that turn.
      await endOfTurn();
      const batch = this.#queue.splice(0, BATCH);
      // If the process stops and the consumer does not answer, leaves the events in the table. Sending all
      // batches could take longer than the process may take to stop.
      if (this.#away && this.#stopping.aborted) this.#release(batch);
      else await this.#sendBatch(batch);
    }
    this.#running = undefined;
  }

  async #sendBatch(batch: Sending[]): Promise<void> {
    const failed = await this.#deliver(batch);
    this.#release(batch);
    await this.#recordResults(batch, failed).catch((error) => {
      const { log } = this.#options;
      log.warn(
        { err: error, destination: this.#destination },
        "delivery results cannot be stored; the events will be sent again",
      );
    });
  }

  #release(batch: Sending[]): void {
    for (const { event, resolve } of batch) {
      this.#sending.delete(event.id);
      resolve();
    }
  }

  /** Sends a batch. @returns the failures of events that were not applied, by event id */
  async #deliver(batch: Queued[]): Promise<Map<string, Failure>> {
    try {
      const failures = await this.#call(batch.map(({ event }) => event));
      this.#noteAway(false);
      this.#count("applied", batch.length - failures.size);
      const postponed = [...failures.values()].filter(({ retryAfter }) => retryAfter).length;
      this.#count("put_off", postponed);
      this.#count("refused", failures.size - postponed);
      return failures;
    } catch (error) {
      const { code, reason } = ApiError.from(error);
      if (AWAY.has(code)) {
        this.#noteAway(true, error);
        this.#count("unreachable", batch.length);
        return new Map(batch.map(({ event }) => [event.id, UNREACHABLE]));
      }
      // Any other error shows that the consumer has answered, so it can be reached.
      this.#noteAway(false);
      const [only, ...others] = batch;
      if (only && others.length === 0) return new Map([[only.event.id, { reason, retryAfter: undefined }]]);
      return await this.#deliverOneByOne(batch);
    }
  }

  /**
   * Sends the events of a failed batch one by one, so that an unreadable event does not block the others. If
   * the consumer cannot be reached or this process stops, the rest of the events count as unreachable. They
   * are not sent, because each could take until the time-out.
   */
  async #deliverOneByOne(batch: Queued[]): Promise<Map<string, Failure>> {
    const failed = new Map<string, Failure>();
    for (const queued of batch) {
      if (this.#away || this.#stopping.aborted) {
        this.#count("unreachable", 1);
        failed.set(queued.event.id, UNREACHABLE);
        continue;
      }
      for (const [id, failure] of await this.#deliver([queued])) failed.set(id, failure);
    }
    return failed;
  }

  async #call(events: Event[]): Promise<Map<string, Failure>> {
    const token = await this.#options.serviceTokens.tokenFor(this.#destination);
    // biome-ignore lint/style/noNonNullAssertion: a batch has at least one event
    const { message } = await context.with(extractTrace({ traceparent: events[0]!.traceparent }), () =>
      this.#client.call(
        EventServiceService.deliverEvents,
        { events },
        { deadline: within(SEND_TIMEOUT_MS), metadata: { authorization: `Bearer ${token}` } },
      ),
    );
    return new Map(message.failures.map((failure) => [failure.eventId, failure]));
  }

  /**
   * Schedules the deletion of events that the consumer has applied. For each failed event, sets the time of
   * the next attempt, or counts a refusal.
   */
  async #recordResults(batch: Queued[], failed: Map<string, Failure>): Promise<void> {
    this.#forgetSoon(batch.map(({ event }) => event.id).filter((id) => !failed.has(id)));
    if (failed.size === 0) return;
    const postponed = [...failed].filter(([, { retryAfter }]) => retryAfter);
    await this.#options.db.transaction(async (tx) => {
      for (const [reason, group] of Map.groupBy(postponed, ([, failure]) => failure.reason)) {
        const ids = group.map(([id]) => id);
        // biome-ignore lint/style/noNonNullAssertion: no group is empty, and postponed failures have a delay
        const { seconds } = group[0]![1].retryAfter!;
        postpone(tx, ids, this.#later(jittered(seconds * 1000)), reason);
      }
      for (const { event, refusals } of batch) {
        const failure = failed.get(event.id);
        if (!failure || failure.retryAfter) continue;
        this.#refuse(tx, { id: event.id, type: event.type, refusals }, failure.reason);
      }
    });
  }

  /**
   * Counts a refusal of an event by its consumer. Postpones the event or, after the last allowed refusal,
   * marks it as dead.
   */
  #refuse(tx: Transaction, event: Pick<OutboxRow, "id" | "type" | "refusals">, reason: string): void {
    const { id, type, refusals } = event;
    const isDead = refusals + 1 >= this.#options.maxRefusals;
    const availableTime = this.#later(isDead ? 0 : backoffMs(refusals));
    recordRefusal(tx, id, { reason, availableTime, isDead });
    if (isDead) this.#options.log.error({ eventId: id, type, reason }, "event is dead");
  }

  #later(ms: number): Date {
    return new Date(this.#options.clock.now().getTime() + ms);
  }

  #forgetSoon(ids: string[]): void {
    this.#applied.push(...ids);
    if (this.#applied.length > 0) this.#forgetting ??= setTimeout(() => void this.#forget(), FORGET_MS);
  }

  /**
   * Deletes the rows of applied events. If that fails, the events are sent again, and the consumer ignores
   * them.
   */
  async #forget(): Promise<void> {
    clearTimeout(this.#forgetting);
    this.#forgetting = undefined;
    const ids = this.#applied.splice(0);
    if (ids.length === 0) return;
    const { db, log } = this.#options;
    await deleteDelivered(db, ids).catch((error) => {
      log.warn(
        { err: error, destination: this.#destination },
        "delivered events cannot be deleted; they will be sent again",
      );
    });
  }

  #noteAway(away: boolean, error?: unknown): void {
    this.#away = away;
    if (away === this.#isLoggedAway || (away && isStarting())) return;
    this.#isLoggedAway = away;
    const { log } = this.#options;
    if (away) log.warn({ err: error, destination: this.#destination }, "consumer is unreachable");
    else log.info({ destination: this.#destination }, "consumer is reachable again");
  }

  #count(result: string, events: number): void {
    if (events > 0) delivered({ destination: this.#destination, result }, events);
  }
}

/** Exponential backoff from 0.5 s to 30 s, by the number of earlier refusals. */
const backoffMs = (refusals: number): number => jittered(Math.min(500 * 2 ** refusals, MAX_BACKOFF_MS));

/** Changes a delay by up to ± 20 %, so that relays do not retry at the same time. */
const jittered = (ms: number): number => ms * (0.8 + Math.random() * 0.4);
