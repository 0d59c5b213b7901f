import { setTimeout as delay } from "node:timers/promises";
import type { Load } from "./load/load.ts";
import type { Stockable } from "./load/tasks.ts";
import { type Cost, measure, measureIdle, type Sample, type Turn } from "./measure.ts";
import type { System } from "./systems.ts";

/** Two loads, usually of two systems, that are compared. */
export interface Contest {
  name: string;
  subject: Turn;
  baseline: Turn;
}

/**
 * Measurements of the subject, the baseline, and the subject again, in this order, so that other work on the
 * machine affects subject and baseline alike. The ratio of the subject's second sample to its first is the
 * control (A/A): without noise it is 1.
 */
export interface Round {
  subject: Sample;
  baseline: Sample;
  again: Sample;
}

/** Bookings per second for which slots are made before the first measurement, by number of clients. */
const FIRST_GUESS: Record<number, number> = { 1: 100, 16: 400, 64: 500 };
/** Before a later measurement, slots are made for the highest rate so far, multiplied by this. */
const RESERVE = 1.5;
/**
 * Warm-up by workload, long enough for V8 to optimize most code. V8's compiler threads took 0.7 ms of CPU per
 * booking after 12 s, and 0.3 ms after 50 s.
 */
const WARM_UP_SECONDS = { book: 60, pay: 30, list: 20, search: 20 };
const PAUSE_MS = 1500;

/** Runs contests. A turn (`Turn`) is a few seconds of one workload on one system. */
export class Arena {
  readonly #load: Load;
  readonly #seconds: number;
  readonly #idle = new Map<System, Cost>();
  /** Highest rate so far in operations per second, by system, workload and number of clients. */
  readonly #rates = new Map<string, number>();
  /** Operations of each system so far. */
  readonly #operations = new Map<System, number>();

  /** @param seconds time for which each system is under load before the next one is */
  constructor(load: Load, seconds: number) {
    this.#load = load;
    this.#seconds = seconds;
  }

  operationsOf(system: System): number {
    return this.#operations.get(system) ?? 0;
  }

  async prepare(system: System): Promise<void> {
    const api = system.name === "reference" ? "reference" : "medconnect";
    await this.#load.run({ name: "prepare", url: system.url, api });
  }

  /** Loads a system before it is measured, so that its code is compiled and its caches are full. */
  async warmUp({ system, workload }: Turn): Promise<void> {
    const turn = { system, workload, clients: 16 };
    const seconds = WARM_UP_SECONDS[workload];
    await this.#stock(turn, seconds);
    await this.#run(turn, seconds, Object.fromEntries(Object.keys(system.pids).map((name) => [name, 0])));
  }

  async rest(system: System): Promise<void> {
    this.#idle.set(system, await measureIdle(system));
  }

  async round({ subject, baseline }: Contest): Promise<Round> {
    await this.#stock(subject, 2 * this.#seconds);
    await this.#stock(baseline, this.#seconds);
    await delay(PAUSE_MS);
    return {
      subject: await this.#measure(subject),
      baseline: await this.#measure(baseline),
      again: await this.#measure(subject),
    };
  }

  /** Lists slots until a system has executed this number of operations since its start. */
  async continueTo(system: System, operations: number): Promise<void> {
    const turn: Turn = { system, workload: "list", clients: 16 };
    while (this.operationsOf(system) < operations) await this.#measure(turn);
  }

  async #measure(turn: Turn): Promise<Sample> {
    return await this.#run(turn, this.#seconds, this.#idle.get(turn.system)!);
  }

  async #run(turn: Turn, seconds: number, idle: Cost): Promise<Sample> {
    const sample = await measure(turn, { load: this.#load, seconds, idle });
    const { system } = turn;
    this.#operations.set(system, this.operationsOf(system) + sample.operations);
    const key = keyOf(turn);
    this.#rates.set(key, Math.max(this.#rates.get(key) ?? 0, sample.rate));
    return sample;
  }

  async #stock(turn: Turn, seconds: number): Promise<void> {
    const { system, workload, clients } = turn;
    if (!isStockable(workload)) return;
    const rate = this.#rates.get(keyOf(turn));
    const perSecond = rate === undefined ? (FIRST_GUESS[clients] ?? FIRST_GUESS[64]!) : rate * RESERVE;
    const bookings = Math.ceil(perSecond * seconds);
    await this.#load.run({ name: "stock", url: system.url, workload, bookings });
  }
}

function isStockable(workload: Turn["workload"]): workload is Stockable {
  return workload === "book" || workload === "pay";
}

function keyOf({ system, workload, clients }: Turn): string {
  return `${system.name} ${workload} ${clients}`;
}
