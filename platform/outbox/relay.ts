import { setTimeout as delay } from "node:timers/promises";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { KeyedHash } from "../crypto/keyed-hash.ts";
import type { GrpcClient } from "../grpc/client.ts";
import { gauge } from "../telemetry/metrics.ts";
import { sampled } from "../telemetry/samples.ts";
import { ConsumerQueue, type LaneOptions, type Queued } from "./consumer-queue.ts";
import type { Delivery } from "./event.ts";
import { whyNotGenuine } from "./event-mac.ts";
import { countBacklog, leaseDue, type OutboxRow } from "./outbox-store.ts";

const BATCH = 200;
/** With a consumer that is away a few events find out whether it is back; the others cost nothing meanwhile. */
const PROBE = 5;
const POLL_MS = 500;
/** How long a relay has for what it took from the table before another may take it. */
const LEASE_MS = 10_000;

export interface RelayOptions extends LaneOptions {
  consumers: Record<string, GrpcClient>;
  /** Verifies that this service wrote a row of its outbox. */
  hash: KeyedHash;
  /** How long `send` waits for the consumers, in ms. */
  waitMs: number;
}

/**
 * Delivers events at least once. An event goes out as soon as its transaction has committed, together with what piled
 * up for the same consumer meanwhile (group commit); what fails, or is left behind by a crash, is taken from the table.
 * Several relays may run: rows are leased with SKIP LOCKED, and consumers apply each event once.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #lanes: ReadonlyMap<string, ConsumerQueue>;
  readonly #stopping = new AbortController();
  #polling: Promise<unknown> = Promise.resolve();

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#lanes = new Map(
      Object.entries(options.consumers).map(([name, client]) => [
        name,
        new ConsumerQueue(name, client, options, this.#stopping.signal),
      ]),
    );
    const sample = sampled(() => countBacklog(options.db));
    gauge("outbox.waiting", "Events not delivered yet, by destination and state", (report) => {
      const backlog = sample();
      if (!backlog) return;
      for (const destination of this.#lanes.keys()) {
        for (const isDead of [false, true]) {
          const row = backlog.find((r) => r.destination === destination && Boolean(r.dead) === isDead);
          report(row?.waiting ?? 0, { destination, state: isDead ? "dead" : "waiting" });
        }
      }
    });
    gauge("outbox.age", "Age of the oldest event not delivered yet, in seconds, by destination", (report) => {
      const backlog = sample();
      if (!backlog) return;
      const nowMs = options.clock.now().getTime();
      for (const destination of this.#lanes.keys()) {
        const oldest = backlog.find((row) => row.destination === destination && !row.dead)?.oldest;
        report(oldest ? (nowMs - oldest.getTime()) / 1000 : 0, { destination });
      }
    });
  }

  start(): void {
    this.#polling = Promise.all([...this.#lanes].map(([destination, lane]) => this.#poll(destination, lane)));
  }

  /** Ends polling, and waits for what is being sent: cut off, it would be delivered and not noted as such. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#polling;
    await Promise.all([...this.#lanes.values()].map((lane) => lane.close()));
  }

  /**
   * Sends what was just committed. Returns when each consumer has answered, or had its time. For a consumer that
   * is known to be away, or far behind, it stays in the table, and is not waited for.
   */
  async send(deliveries: Delivery[]): Promise<void> {
    const waiting = deliveries.flatMap(({ destination, event }) => {
      const lane = this.#lane(destination);
      return lane.isOpen ? lane.send([{ event, refusals: 0 }]) : [];
    });
    if (this.#options.waitMs === 0 || waiting.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#options.waitMs);
    });
    await Promise.race([Promise.all(waiting), timeout]);
    clearTimeout(timer);
  }

  #lane(destination: string): ConsumerQueue {
    const lane = this.#lanes.get(destination);
    if (!lane) throw new Error(`no consumer ${destination}`);
    return lane;
  }

  /** Sends what is due for one consumer, until the relay stops. Each has a poll of its own: none waits for another. */
  async #poll(destination: string, lane: ConsumerQueue): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const isBehind = (await this.#sendDue(destination, lane)) === BATCH;
      if (!isBehind) await delay(POLL_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** Leases a consumer's events that are due, and sends them. @returns how many */
  async #sendDue(destination: string, lane: ConsumerQueue): Promise<number> {
    const { db, clock, log } = this.#options;
    const now = clock.now();
    const leaseEnd = new Date(now.getTime() + LEASE_MS);
    const limit = lane.isAway ? PROBE : BATCH;
    try {
      const rows = await db.transaction((tx) => leaseDue(tx, destination, now, leaseEnd, limit));
      // Skip rows that this process is still sending although their lease has expired.
      const left = rows.filter(({ id }) => !lane.isSending(id));
      const { queued, unreadable } = decode(await this.#genuine(left, lane));
      await lane.refuseUnreadable(unreadable);
      await lane.send(queued);
      return rows.length;
    } catch (error) {
      log.warn({ err: error, destination }, "outbox cannot be read");
      return 0;
    }
  }

  /** Keeps the genuine rows, and declares the others dead. */
  async #genuine(rows: OutboxRow[], lane: ConsumerQueue): Promise<OutboxRow[]> {
    const genuine: OutboxRow[] = [];
    for (const row of rows) {
      const reason = whyNotGenuine(this.#options.hash, row);
      if (reason) await lane.refuseForged(row, reason);
      else genuine.push(row);
    }
    return genuine;
  }
}

/** The events of rows. One that cannot be read must not hold up those it was leased with. */
function decode(rows: OutboxRow[]): { queued: Queued[]; unreadable: OutboxRow[] } {
  const queued: Queued[] = [];
  const unreadable: OutboxRow[] = [];
  for (const row of rows) {
    const event = eventOf(row);
    if (event) queued.push({ event, refusals: row.refusals });
    else unreadable.push(row);
  }
  return { queued, unreadable };
}

function eventOf({ id, payload }: OutboxRow): Event | undefined {
  try {
    const event = Event.decode(payload);
    // A truncated payload can decode without its id, and its delivery could not be recorded.
    return event.id === id ? event : undefined;
  } catch {
    return undefined;
  }
}
