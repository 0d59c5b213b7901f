import { setTimeout as delay } from "node:timers/promises";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { KeyedHash } from "../crypto/keyed-hash.ts";
import type { GrpcClient } from "../grpc/client.ts";
import type { OutboundGate } from "../restores/outbound-gate.ts";
import { gauge, gaugeInSeconds } from "../telemetry/metrics.ts";
import { sampled } from "../telemetry/samples.ts";
import { ConsumerQueue, type ConsumerQueueOptions, type Queued } from "./consumer-queue.ts";
import type { Delivery } from "./event.ts";
import { whyNotGenuine } from "./event-mac.ts";
import { countBacklog, leaseDue, type OutboxRow } from "./outbox-store.ts";

const BATCH = 200;
/**
 * Number of events sent at each poll to a consumer that cannot be reached, to find out whether it is back.
 */
const PROBE = 5;
const POLL_MS = 500;
/**
 * Time in ms for which a relay leases the rows that it reads. No other relay reads these rows during the
 * lease.
 */
const LEASE_MS = 10_000;

export interface RelayOptions extends ConsumerQueueOptions {
  consumers: Record<string, GrpcClient>;
  /** Keyed hash that verifies the MACs of rows. A valid MAC proves that this service wrote the row. */
  hash: KeyedHash;
  /** While it is closed, events stay in the table. */
  outbound: OutboundGate;
  /** Longest time in ms for which `send` waits for consumers. */
  waitMs: number;
}

/**
 * Transactional outbox: delivers each event at least once. `send` delivers events right after their commit,
 * in batches per consumer. The poll delivers rows that a failure or a crash has left in the table. Several
 * relays may run: they lease rows with SKIP LOCKED, and consumers apply each event once.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #queues: ReadonlyMap<string, ConsumerQueue>;
  readonly #stopping = new AbortController();
  #polling: Promise<unknown> = Promise.resolve();

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#queues = new Map(
      Object.entries(options.consumers).map(([name, client]) => [
        name,
        new ConsumerQueue(name, client, options, this.#stopping.signal),
      ]),
    );
    const sample = sampled(() => countBacklog(options.db));
    gauge("outbox.waiting", "Events not delivered yet, by destination and state", (report) => {
      const backlog = sample();
      if (!backlog) return;
      for (const destination of this.#queues.keys()) {
        for (const isDead of [false, true]) {
          const row = backlog.find((r) => r.destination === destination && Boolean(r.dead) === isDead);
          report(row?.waiting ?? 0, { destination, state: isDead ? "dead" : "waiting" });
        }
      }
    });
    gaugeInSeconds("outbox.age", "Age of the oldest event not delivered yet, by destination", (report) => {
      const backlog = sample();
      if (!backlog) return;
      const nowMs = options.clock.now().getTime();
      for (const destination of this.#queues.keys()) {
        const oldest = backlog.find((row) => row.destination === destination && !row.dead)?.oldest;
        report(oldest ? (nowMs - oldest.getTime()) / 1000 : 0, { destination });
      }
    });
  }

  start(): void {
    this.#polling = Promise.all(
      [...this.#queues].map(([destination, queue]) => this.#poll(destination, queue)),
    );
  }

  /**
   * Stops polling, and waits for running deliveries. A delivery that is cut off would have to be repeated.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#polling;
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }

  /**
   * Sends events that were just committed. Resolves when each consumer has answered, or after `waitMs`. If a
   * consumer cannot be reached or is far behind, its events stay in the table, and this does not wait for it.
   */
  async send(deliveries: Delivery[]): Promise<void> {
    if (!this.#options.outbound.isOpen) return;
    const waiting = deliveries.flatMap(({ destination, event }) => {
      const queue = this.#queueOf(destination);
      return queue.isOpen ? queue.send([{ event, refusals: 0 }]) : [];
    });
    if (this.#options.waitMs === 0 || waiting.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#options.waitMs);
    });
    await Promise.race([Promise.all(waiting), timeout]);
    clearTimeout(timer);
  }

  #queueOf(destination: string): ConsumerQueue {
    const queue = this.#queues.get(destination);
    if (!queue) throw new Error(`no consumer ${destination}`);
    return queue;
  }

  /**
   * Sends due events to one consumer until the relay stops. Each consumer has its own loop, so that no
   * consumer delays another one.
   */
  async #poll(destination: string, queue: ConsumerQueue): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const isBehind = (await this.#sendDue(destination, queue)) === BATCH;
      if (!isBehind) await delay(POLL_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** Leases the due events of a consumer and sends them. @returns their number */
  async #sendDue(destination: string, queue: ConsumerQueue): Promise<number> {
    const { db, clock, log, outbound } = this.#options;
    if (!outbound.isOpen) return 0;
    const now = clock.now();
    const leaseEnd = new Date(now.getTime() + LEASE_MS);
    const limit = queue.isAway ? PROBE : BATCH;
    try {
      const rows = await db.transaction((tx) => leaseDue(tx, destination, now, leaseEnd, limit));
      // Skips rows that this process is still sending although their lease has expired.
      const left = rows.filter(({ id }) => !queue.isSending(id));
      const { queued, unreadable } = decode(await this.#genuine(left, queue));
      await queue.refuseUnreadable(unreadable);
      await queue.send(queued);
      return rows.length;
    } catch (error) {
      log.warn({ err: error, destination }, "outbox cannot be read");
      return 0;
    }
  }

  /** Marks rows that this service did not write as dead. @returns the other rows */
  async #genuine(rows: OutboxRow[], queue: ConsumerQueue): Promise<OutboxRow[]> {
    const genuine: OutboxRow[] = [];
    for (const row of rows) {
      const reason = whyNotGenuine(this.#options.hash, row);
      if (reason) await queue.refuseForged(row, reason);
      else genuine.push(row);
    }
    return genuine;
  }
}

/**
 * Decodes the events in rows. Returns unreadable rows separately, so that they do not block readable ones.
 */
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
    // A truncated payload may decode to an event without an id, whose delivery could not be recorded.
    return event.id === id ? event : undefined;
  } catch {
    return undefined;
  }
}
