import type { Database } from "../db/database.ts";
import { duplicateKeyOf } from "../db/errors.ts";
import { counter, gauge, gaugeInSeconds } from "../telemetry/metrics.ts";
import { sampled } from "../telemetry/samples.ts";
import type { Clock } from "../time/clock.ts";
import type { AuditChain, EventRow } from "./audit-chain.ts";
import {
  BEGINNING,
  countUnsealed,
  END,
  insertSeals,
  readHead,
  readSealedUntil,
  unsealedBetween,
} from "./seal-store.ts";

/**
 * Overlap in ms: each run also searches this much time before the previous run, for events that were
 * committed late.
 */
const USUALLY_LATE_MS = 15_000;
/** Interval in ms at which a run searches further back, for events that were committed even later. */
const LOOK_FAR_BACK_EVERY_MS = 60_000;
/**
 * Overlap in ms of the wider search (see LOOK_FAR_BACK_EVERY_MS): it starts this much time before the
 * previous run. A transaction may take 80 s: four attempts, each with up to DATABASE_TIMEOUT (5 s) for the
 * connection, for each of two statements that start its session, and for the statement itself. The rest
 * covers the interval of the search and clock skew. An older event without a seal was not inserted by a
 * service, so it must never get one.
 */
const VERY_LATE_MS = 5 * 60_000;

const sealed = counter("audit.sealed", "Sealed audit events");

export interface SealerOptions {
  db: Database;
  clock: Clock;
  chain: AuditChain;
}

/**
 * Seals audit events shortly after they are written: adds each one to the hash chain. Events are not
 * committed in the order of their times. So each run also looks for unsealed events from shortly before the
 * previous run. Several processes may seal the same chain. If two of them add to the chain at the same time,
 * one fails to insert its seals, and tries again at its next run.
 */
export class Sealer {
  readonly #options: SealerOptions;
  /** Events before this time have a seal, except events that were committed late. */
  #sealedUntil: Date | undefined;
  #lookFarBackAtMs = 0;

  constructor(options: SealerOptions) {
    this.#options = options;
    const backlog = sampled(() => this.#backlog());
    gauge("audit.unsealed", "Audit events without a seal, at most 10,000", (report) => {
      const unsealed = backlog();
      if (unsealed) report(unsealed.events);
    });
    gaugeInSeconds("audit.unsealed.age", "Age of the oldest audit event without a seal", (report) => {
      const unsealed = backlog();
      if (unsealed)
        report(unsealed.oldest ? (options.clock.now().getTime() - unsealed.oldest.getTime()) / 1000 : 0);
    });
  }

  /** Seals all events that have no seal yet. */
  async seal(): Promise<void> {
    const { db, clock } = this.#options;
    const startedAt = clock.now();
    this.#sealedUntil ??= (await readSealedUntil(db)) ?? BEGINNING;
    const looksFarBack = startedAt.getTime() >= this.#lookFarBackAtMs;
    const from = this.#before(looksFarBack ? VERY_LATE_MS : USUALLY_LATE_MS);
    try {
      for await (const events of unsealedBetween(db, from, END)) await this.#append(events);
    } catch (error) {
      if (duplicateKeyOf(error)) return;
      throw error;
    }
    this.#sealedUntil = startedAt;
    if (looksFarBack) this.#lookFarBackAtMs = startedAt.getTime() + LOOK_FAR_BACK_EVERY_MS;
  }

  async #append(events: EventRow[]): Promise<void> {
    const { db, chain } = this.#options;
    const seals = chain.extend(await readHead(db), events);
    await insertSeals(db, seals);
    sealed({}, seals.length);
  }

  async #backlog() {
    return await countUnsealed(this.#options.db, this.#before(USUALLY_LATE_MS));
  }

  #before(ms: number): Date {
    const { clock } = this.#options;
    const until = this.#sealedUntil ?? clock.now();
    return new Date(Math.max(until.getTime() - ms, BEGINNING.getTime()));
  }
}
