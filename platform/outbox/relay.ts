import { status } from "@grpc/grpc-js";
import { Event, EventServiceService } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { type Attributes, context, ROOT_CONTEXT } from "@opentelemetry/api";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import { ApiError } from "../errors/api-error.ts";
import { type GrpcClient, within } from "../grpc/client.ts";
import type { ServiceTokens } from "../identity/service-tokens.ts";
import type { Logger } from "../log.ts";
import { counter, gauge } from "../telemetry/metrics.ts";
import { extractTrace } from "../telemetry/tracing.ts";
import type { Delivery } from "./event.ts";
import { countBacklog, deleteDelivered, leaseDue, postpone, recordRefusal } from "./outbox-store.ts";

const BATCH = 200;
const SEND_TIMEOUT_MS = 5000;
const POLL_MS = 500;
/** How long a relay has for what it took from the table before another may take it. */
const LEASE_MS = 10_000;
const MAX_BACKOFF_MS = 30_000;
/** A consumer that is away costs its events no tries: it may be away for hours. */
const RETRY_UNREACHABLE_MS = 2000;
const UNREACHABLE = "UNREACHABLE";
/** The consumer did not answer, as opposed to: it answered that it cannot. */
const AWAY = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.RESOURCE_EXHAUSTED,
  status.UNAUTHENTICATED,
]);

/** A delivery in a queue, and whom to tell when it is done. */
interface Queued {
  event: Event;
  refusals: number;
  done: () => void;
}

/** One consumer: what waits for it, and whether it answered last time. */
interface Lane {
  client: GrpcClient;
  queue: Queued[];
  busy: boolean;
  away: boolean;
}

export interface RelayOptions {
  db: Database;
  clock: Clock;
  log: Logger;
  serviceTokens: ServiceTokens;
  consumers: Record<string, GrpcClient>;
  /** How long `send` waits for the consumers, in ms. */
  waitMs: number;
  /** After so many refusals an event is dead. */
  maxRefusals: number;
}

const delivered = counter("outbox.delivered", "Events delivered, by destination and result");

/**
 * Delivers events at least once. An event goes out as soon as its transaction has committed, together with what piled
 * up for the same consumer meanwhile (group commit); what fails, or is left behind by a crash, is taken from the table.
 * Several relays may run: rows are leased with SKIP LOCKED, and consumers apply each event once.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #lanes: Map<string, Lane>;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #polling: Promise<void> = Promise.resolve();

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#lanes = new Map(
      Object.entries(options.consumers).map(([name, client]) => [
        name,
        { client, queue: [], busy: false, away: false },
      ]),
    );
    this.#gauge("waiting", "Events not delivered yet, by destination");
    this.#gauge("age", "Age of the oldest event not delivered yet, in seconds, by destination");
    this.#gauge("dead", "Events refused too often, left for people, by destination");
  }

  #gauge(what: BacklogFigure, description: string): void {
    gauge(`outbox.${what}`, description, (report) => this.#reportBacklog(report, what));
  }

  start(): void {
    this.#polling = this.#poll();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#polling;
  }

  /**
   * Sends what was just committed. Returns when the consumers have applied it, or have had their time: a consumer that
   * is known to be away is not waited for.
   */
  async send(deliveries: Delivery[]): Promise<void> {
    const waiting = deliveries.map(({ destination, event }) => {
      const lane = this.#lane(destination);
      const { away } = lane;
      const done = new Promise<void>((resolve) => {
        lane.queue.push({ event, refusals: 0, done: resolve });
      });
      void this.#drain(destination, lane);
      return away ? undefined : done;
    });
    if (this.#options.waitMs === 0 || waiting.every((done) => done === undefined)) return;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#options.waitMs);
    });
    await Promise.race([Promise.all(waiting), timeout]);
    clearTimeout(timer);
  }

  #lane(destination: string): Lane {
    const lane = this.#lanes.get(destination);
    if (!lane) throw new Error(`no consumer ${destination}`);
    return lane;
  }

  /** Sends a lane's queue, batch by batch, one at a time. */
  async #drain(destination: string, lane: Lane): Promise<void> {
    if (lane.busy) return;
    lane.busy = true;
    // Not part of the request that happens to come first: each event carries its own trace.
    await context.with(ROOT_CONTEXT, async () => {
      while (lane.queue.length > 0) await this.#sendBatch(destination, lane, lane.queue.splice(0, BATCH));
    });
    lane.busy = false;
  }

  async #sendBatch(destination: string, lane: Lane, batch: Queued[]): Promise<void> {
    const failed = await this.#deliver(destination, lane, batch);
    for (const queued of batch) if (!failed.has(queued.event.id)) queued.done();
    await this.#settle(batch, failed).catch((error) => {
      this.#options.log.warn(
        { err: error, destination },
        "outbox cannot be settled; events will be sent again",
      );
    });
  }

  /** @returns why, by event id, for the events that were not applied */
  async #deliver(destination: string, lane: Lane, batch: Queued[]): Promise<Map<string, string>> {
    const events = batch.map((queued) => queued.event);
    try {
      const failures = await this.#call(destination, lane, events);
      if (lane.away) this.#options.log.info({ destination }, "consumer is back");
      lane.away = false;
      delivered({ destination, result: "applied" }, events.length - failures.size);
      if (failures.size > 0) delivered({ destination, result: "refused" }, failures.size);
      return failures;
    } catch (error) {
      const { code, reason } = ApiError.from(error);
      if (AWAY.has(code)) {
        if (!lane.away) this.#options.log.warn({ err: error, destination }, "consumer is away");
        lane.away = true;
        delivered({ destination, result: "unreachable" }, events.length);
        return new Map(events.map((event) => [event.id, UNREACHABLE]));
      }
      if (batch.length === 1) return new Map([[events[0]!.id, reason]]);
      return await this.#deliverOneByOne(destination, lane, batch);
    }
  }

  /** One event that the consumer cannot even read must not hold up those it came with. */
  async #deliverOneByOne(destination: string, lane: Lane, batch: Queued[]): Promise<Map<string, string>> {
    const failed = new Map<string, string>();
    for (const queued of batch) {
      for (const [id, reason] of await this.#deliver(destination, lane, [queued])) failed.set(id, reason);
    }
    return failed;
  }

  async #call(destination: string, { client }: Lane, events: Event[]): Promise<Map<string, string>> {
    const token = await this.#options.serviceTokens.tokenFor(destination);
    const { message } = await context.with(extractTrace({ traceparent: events[0]!.traceparent }), () =>
      client.call(
        EventServiceService.deliverEvents,
        { events },
        { deadline: within(SEND_TIMEOUT_MS), metadata: { authorization: `Bearer ${token}` } },
      ),
    );
    return new Map(message.failures.map((failure) => [failure.eventId, failure.reason]));
  }

  /** Deletes what was applied, and puts off what was not. */
  async #settle(batch: Queued[], failed: Map<string, string>): Promise<void> {
    const { db, clock, log, maxRefusals } = this.#options;
    const done = batch.map(({ event }) => event.id).filter((id) => !failed.has(id));
    const unreached = [...failed].filter(([, reason]) => reason === UNREACHABLE).map(([id]) => id);
    await db.transaction(async (tx) => {
      if (done.length > 0) deleteDelivered(tx, done);
      if (unreached.length > 0)
        postpone(tx, unreached, after(clock, jittered(RETRY_UNREACHABLE_MS)), UNREACHABLE);
      for (const { event, refusals } of batch) {
        const reason = failed.get(event.id);
        if (reason === undefined || reason === UNREACHABLE) continue;
        const isDead = refusals + 1 >= maxRefusals;
        recordRefusal(tx, event.id, { reason, availableTime: after(clock, backoffMs(refusals)), isDead });
        if (isDead) log.error({ eventId: event.id, type: event.type, reason }, "event is dead");
      }
    });
  }

  async #poll(): Promise<void> {
    let found = 0;
    try {
      found = await this.#takeDue();
    } catch (error) {
      this.#options.log.warn({ err: error }, "outbox cannot be read");
    }
    if (this.#stopped) return;
    this.#timer = setTimeout(() => (this.#polling = this.#poll()), found === BATCH ? 0 : POLL_MS);
  }

  /** Leases the events that are due and sends them. */
  async #takeDue(): Promise<number> {
    const { db, clock } = this.#options;
    const now = clock.now();
    const rows = await db.transaction((tx) => leaseDue(tx, now, after(clock, LEASE_MS), BATCH));
    for (const row of rows) {
      const queued = { event: Event.decode(row.payload), refusals: row.refusals, done: () => {} };
      this.#lane(row.destination).queue.push(queued);
    }
    await Promise.all([...this.#lanes].map(([name, lane]) => this.#drain(name, lane)));
    return rows.length;
  }

  async #reportBacklog(
    report: (value: number, attributes: Attributes) => void,
    what: BacklogFigure,
  ): Promise<void> {
    const backlog = await countBacklog(this.#options.db);
    const nowMs = this.#options.clock.now().getTime();
    for (const destination of this.#lanes.keys()) {
      const of = (dead: boolean) =>
        backlog.find((row) => row.destination === destination && (row.dead === 1) === dead);
      const figures = {
        waiting: of(false)?.waiting ?? 0,
        dead: of(true)?.waiting ?? 0,
        age: (nowMs - (of(false)?.oldest.getTime() ?? nowMs)) / 1000,
      };
      report(figures[what], { destination });
    }
  }
}

type BacklogFigure = "waiting" | "dead" | "age";

const after = (clock: Clock, ms: number): Date => new Date(clock.now().getTime() + ms);

/** 0.5 s, doubling to half a minute. */
const backoffMs = (refusals: number): number => jittered(Math.min(500 * 2 ** refusals, MAX_BACKOFF_MS));

/** ± 20 %, so that relays do not march in step. */
const jittered = (ms: number): number => ms * (0.8 + Math.random() * 0.4);
