import { Event, EventServiceService } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { context, ROOT_CONTEXT } from "@opentelemetry/api";
import type { Clock } from "../clock.ts";
import type { Database } from "../db/database.ts";
import { type GrpcClient, within } from "../grpc/client.ts";
import type { ServiceTokens } from "../identity/service-tokens.ts";
import type { Logger } from "../log.ts";
import { counter, gauge } from "../telemetry/metrics.ts";
import { extractTrace } from "../telemetry/tracing.ts";
import type { Delivery } from "./event.ts";

const BATCH = 200;
const SEND_TIMEOUT_MS = 5000;
const POLL_MS = 500;
/** How long a relay has for what it took from the table before another may take it. */
const LEASE_MS = 10_000;
const MAX_BACKOFF_MS = 30_000;

const TAKE = `SELECT id, destination, payload, attempts FROM outbox
  WHERE available_time <= ? ORDER BY available_time LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`;
const LEASE = "UPDATE outbox SET available_time = ? WHERE id IN (?)";
const DONE = "DELETE FROM outbox WHERE id IN (?)";
const RETRY_LATER =
  "UPDATE outbox SET attempts = attempts + 1, available_time = ?, last_error = ? WHERE id = ?";
const LAG =
  "SELECT destination, COUNT(*) AS waiting, MIN(create_time) AS oldest FROM outbox GROUP BY destination";

interface OutboxRow {
  id: string;
  destination: string;
  payload: Buffer;
  attempts: number;
}

/** A delivery in a queue, and whom to tell when it is done. */
interface Queued {
  event: Event;
  attempts: number;
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
    gauge("outbox.waiting", "Events not delivered yet, by destination", (report) =>
      this.#reportLag(report, "waiting"),
    );
    gauge("outbox.age", "Age of the oldest event not delivered yet, in seconds", (report) =>
      this.#reportLag(report, "age"),
    );
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
        lane.queue.push({ event, attempts: 0, done: resolve });
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
      const metadata = { authorization: `Bearer ${await this.#options.serviceTokens.tokenFor(destination)}` };
      const { message } = await context.with(extractTrace({ traceparent: events[0]!.traceparent }), () =>
        lane.client.call(
          EventServiceService.deliverEvents,
          { events },
          { deadline: within(SEND_TIMEOUT_MS), metadata },
        ),
      );
      if (lane.away) this.#options.log.info({ destination }, "consumer is back");
      lane.away = false;
      delivered({ destination, result: "applied" }, events.length - message.failures.length);
      if (message.failures.length > 0) delivered({ destination, result: "refused" }, message.failures.length);
      return new Map(message.failures.map((failure) => [failure.eventId, failure.reason]));
    } catch (error) {
      if (!lane.away) this.#options.log.warn({ err: error, destination }, "consumer is away");
      lane.away = true;
      delivered({ destination, result: "unreachable" }, events.length);
      return new Map(events.map((event) => [event.id, "UNREACHABLE"]));
    }
  }

  async #settle(batch: Queued[], failed: Map<string, string>): Promise<void> {
    const { db, clock } = this.#options;
    await db.transaction(async (tx) => {
      const done = batch.map(({ event }) => event.id).filter((id) => !failed.has(id));
      if (done.length > 0) tx.defer(DONE, [done]);
      for (const { event, attempts } of batch) {
        const reason = failed.get(event.id);
        if (reason) tx.defer(RETRY_LATER, [after(clock, backoffMs(attempts)), reason.slice(0, 64), event.id]);
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
    const rows = await db.transaction(async (tx) => {
      const due = await tx.read<OutboxRow>(TAKE, [clock.now()]);
      if (due.length > 0) tx.defer(LEASE, [after(clock, LEASE_MS), due.map((row) => row.id)]);
      return due;
    });
    for (const row of rows) {
      const queued = { event: Event.decode(row.payload), attempts: row.attempts, done: () => {} };
      this.#lane(row.destination).queue.push(queued);
    }
    await Promise.all([...this.#lanes].map(([name, lane]) => this.#drain(name, lane)));
    return rows.length;
  }

  async #reportLag(
    report: (value: number, attributes: { destination: string }) => void,
    what: "waiting" | "age",
  ): Promise<void> {
    const rows = await this.#options.db.read<{ destination: string; waiting: number; oldest: Date }>(LAG);
    const byLane = new Map(rows.map((row) => [row.destination, row]));
    for (const destination of this.#lanes.keys()) {
      const row = byLane.get(destination);
      const ageMs = row ? this.#options.clock.now().getTime() - row.oldest.getTime() : 0;
      report(what === "waiting" ? Number(row?.waiting ?? 0) : ageMs / 1000, { destination });
    }
  }
}

const after = (clock: Clock, ms: number): Date => new Date(clock.now().getTime() + ms);

/** 0.5 s, doubling to half a minute, ± 20 % so that relays do not march in step. */
const backoffMs = (attempts: number): number =>
  Math.min(500 * 2 ** attempts, MAX_BACKOFF_MS) * (0.8 + Math.random() * 0.4);
