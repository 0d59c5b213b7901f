import { setImmediate as endOfTurn } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import {
  type Event,
  type EventFailure,
  EventServiceService,
} from "@medconnect/proto/medconnect/events/v1/events.ts";
import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import type { Database } from "../db/database.ts";
import type { Transaction } from "../db/transaction.ts";
import { ApiError } from "../errors/api-error.ts";
import { type GrpcClient, within } from "../grpc/client.ts";
import type { ServiceTokens } from "../identity/service-tokens.ts";
import type { Logger } from "../telemetry/log.ts";
import { counter } from "../telemetry/metrics.ts";
import { extractTrace } from "../telemetry/tracing.ts";
import type { Clock } from "../time/clock.ts";
import type { NotGenuine } from "./event-mac.ts";
import { deleteDelivered, type OutboxRow, postpone, recordRefusal } from "./outbox-store.ts";

const BATCH = 200;
/** Maximum of events in a lane's memory; the table has all of them. */
const MAX_QUEUE = 1000;
const SEND_TIMEOUT_MS = 5000;
/**
 * Delay before delivered rows are deleted in bulk, in ms; deleting them one by one costs a fifth of a booking's database
 * time. Far less than the time for which other relays skip new events.
 */
const FORGET_MS = 100;
const MAX_BACKOFF_MS = 30_000;
/** A consumer that is away costs its events no tries: it may be away for hours. */
const UNREACHABLE = { reason: "UNREACHABLE", retryAfter: { seconds: 2, nanos: 0 } };
/** Row that holds no event, or another row's. */
const UNREADABLE = "UNREADABLE";
/** The consumer did not answer, as opposed to: it answered that it cannot. */
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

/** Why an event was not applied. */
type Failure = Pick<EventFailure, "reason" | "retryAfter">;

interface Sending extends Queued {
  /** Called when it was tried. */
  tried: () => void;
}

export interface LaneOptions {
  db: Database;
  clock: Clock;
  log: Logger;
  serviceTokens: ServiceTokens;
  /** After so many refusals an event is dead. */
  maxRefusals: number;
}

const delivered = counter("outbox.delivered", "Events delivered, by destination and result");

/** The way to one consumer: one batch is under way at a time, and what comes meanwhile makes up the next. */
export class ConsumerQueue {
  readonly #destination: string;
  readonly #client: GrpcClient;
  readonly #options: LaneOptions;
  readonly #stopping: AbortSignal;
  #queue: Sending[] = [];
  /** The ids of the events in the queue, and of those under way. */
  readonly #sending = new Set<string>();
  #running: Promise<void> | undefined;
  #away = false;
  /** Applied, and still in the table. */
  #applied: string[] = [];
  #forgetting: NodeJS.Timeout | undefined;

  /** @param stopping once aborted, only a consumer that answers is sent what is in the queue */
  constructor(destination: string, client: GrpcClient, options: LaneOptions, stopping: AbortSignal) {
    this.#destination = destination;
    this.#client = client;
    this.#options = options;
    this.#stopping = stopping;
  }

  /** The consumer did not answer last time. */
  get isAway(): boolean {
    return this.#away;
  }

  /** Whether more can be sent at once. While not, events stay in the table until the relay takes them from there. */
  get isOpen(): boolean {
    return !this.#away && this.#queue.length < MAX_QUEUE;
  }

  isSending(eventId: string): boolean {
    return this.#sending.has(eventId);
  }

  /** Returns when each of the events was tried: applied, refused, or not got through. */
  async send(events: Queued[]): Promise<void> {
    if (events.length === 0) return;
    const tried = events.map(
      (queued) => new Promise<void>((resolve) => this.#queue.push({ ...queued, tried: resolve })),
    );
    for (const { event } of events) this.#sending.add(event.id);
    // Not part of the request that happens to come first: each event carries its own trace.
    this.#running ??= context.with(ROOT_CONTEXT, () => this.#drain());
    await Promise.all(tried);
  }

  /** Counts a try for rows that hold no event: they die as what a consumer refuses. */
  async refuseUnreadable(rows: OutboxRow[]): Promise<void> {
    if (rows.length === 0) return;
    this.#count("refused", rows.length);
    await this.#options.db.transaction(async (tx) => {
      for (const row of rows) this.#refuse(tx, row, UNREADABLE);
    });
  }

  /** Declares a forged event dead, because no retry can make it genuine. */
  async refuseForged({ id, type, aggregateid }: OutboxRow, reason: NotGenuine): Promise<void> {
    const { db, log } = this.#options;
    this.#count("forged", 1);
    log.error(
      { eventId: id, type, aggregateId: aggregateid, reason },
      "event refused: this service did not write it",
    );
    const availableTime = this.#later(0);
    await db.transaction(async (tx) => recordRefusal(tx, id, { reason, availableTime, isDead: true }));
  }

  /** Finishes what is under way, and leaves nothing in the table that was applied. */
  async close(): Promise<void> {
    await this.#running;
    await this.#forget();
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      // The members of a group send their events one by one, in one turn of the event loop.
      await endOfTurn();
      const batch = this.#queue.splice(0, BATCH);
      // Batch by batch, one that does not answer would take longer than a process has to stop; the table has everything.
      if (this.#away && this.#stopping.aborted) this.#letGo(batch);
      else await this.#sendBatch(batch);
    }
    this.#running = undefined;
  }

  async #sendBatch(batch: Sending[]): Promise<void> {
    const failed = await this.#deliver(batch);
    this.#letGo(batch);
    await this.#settle(batch, failed).catch((error) => {
      const { log } = this.#options;
      log.warn(
        { err: error, destination: this.#destination },
        "outbox cannot be settled; events are sent again",
      );
    });
  }

  #letGo(batch: Sending[]): void {
    for (const { event, tried } of batch) {
      this.#sending.delete(event.id);
      tried();
    }
  }

  /** @returns why, by event id, for the events that were not applied */
  async #deliver(batch: Queued[]): Promise<Map<string, Failure>> {
    try {
      const failures = await this.#call(batch.map(({ event }) => event));
      this.#note(false);
      this.#count("applied", batch.length - failures.size);
      const putOff = [...failures.values()].filter(({ retryAfter }) => retryAfter).length;
      this.#count("put_off", putOff);
      this.#count("refused", failures.size - putOff);
      return failures;
    } catch (error) {
      const { code, reason } = ApiError.from(error);
      if (AWAY.has(code)) {
        this.#note(true, error);
        this.#count("unreachable", batch.length);
        return new Map(batch.map(({ event }) => [event.id, UNREACHABLE]));
      }
      // It answered, if only that it cannot.
      this.#note(false);
      if (batch.length === 1) return new Map([[batch[0]!.event.id, { reason, retryAfter: undefined }]]);
      return await this.#deliverOneByOne(batch);
    }
  }

  /**
   * One event that the consumer cannot even read must not hold up those it came with. Where the consumer falls silent
   * meanwhile, or this process is to end, the rest is not tried: each would take as long as a batch.
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
    const { message } = await context.with(extractTrace({ traceparent: events[0]!.traceparent }), () =>
      this.#client.call(
        EventServiceService.deliverEvents,
        { events },
        { deadline: within(SEND_TIMEOUT_MS), metadata: { authorization: `Bearer ${token}` } },
      ),
    );
    return new Map(message.failures.map((failure) => [failure.eventId, failure]));
  }

  /** Has what was applied deleted soon, and puts off what was not. */
  async #settle(batch: Queued[], failed: Map<string, Failure>): Promise<void> {
    this.#forgetSoon(batch.map(({ event }) => event.id).filter((id) => !failed.has(id)));
    if (failed.size === 0) return;
    const putOff = [...failed].filter(([, { retryAfter }]) => retryAfter);
    await this.#options.db.transaction(async (tx) => {
      for (const [reason, group] of Map.groupBy(putOff, ([, failure]) => failure.reason)) {
        const ids = group.map(([id]) => id);
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

  /** Counts a try, and puts the event off, or declares it dead. */
  #refuse(tx: Transaction, event: Pick<OutboxRow, "id" | "type" | "refusals">, reason: string): void {
    const { id, type, refusals } = event;
    const isDead = refusals + 1 >= this.#options.maxRefusals;
    recordRefusal(tx, id, { reason, availableTime: this.#later(backoffMs(refusals)), isDead });
    if (isDead) this.#options.log.error({ eventId: id, type, reason }, "event is dead");
  }

  #later(ms: number): Date {
    return new Date(this.#options.clock.now().getTime() + ms);
  }

  #forgetSoon(ids: string[]): void {
    this.#applied.push(...ids);
    if (this.#applied.length > 0) this.#forgetting ??= setTimeout(() => void this.#forget(), FORGET_MS);
  }

  /** Deletes what was applied. Where that fails, it is sent again, and its consumers know it. */
  async #forget(): Promise<void> {
    clearTimeout(this.#forgetting);
    this.#forgetting = undefined;
    const ids = this.#applied.splice(0);
    if (ids.length === 0) return;
    const { db, log } = this.#options;
    await deleteDelivered(db, ids).catch((error) => {
      log.warn(
        { err: error, destination: this.#destination },
        "outbox cannot be cleared; events are sent again",
      );
    });
  }

  #note(away: boolean, error?: unknown): void {
    if (away === this.#away) return;
    this.#away = away;
    const { log } = this.#options;
    if (away) log.warn({ err: error, destination: this.#destination }, "consumer is away");
    else log.info({ destination: this.#destination }, "consumer is back");
  }

  #count(result: string, events: number): void {
    if (events > 0) delivered({ destination: this.#destination, result }, events);
  }
}

/** 0.5 s, doubling to half a minute. */
const backoffMs = (refusals: number): number => jittered(Math.min(500 * 2 ** refusals, MAX_BACKOFF_MS));

/** ± 20 %, so that relays do not march in step. */
const jittered = (ms: number): number => ms * (0.8 + Math.random() * 0.4);
