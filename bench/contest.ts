import { setTimeout as delay } from "node:timers/promises";
import type { Load } from "./load/load.ts";
import type { Stockable } from "./load/tasks.ts";
import { type Cost, measure, measureIdle, type Sample, type Turn } from "./measure.ts";
import type { System } from "./systems.ts";

/** A comparison of two loads, which usually run on two systems. */
export interface Contest {
  name: string;
  subject: Turn;
  baseline: Turn;
}

/**
 * Measurements of the subject, the baseline, and the subject again, in this order. So other work on the
 * machine affects subject and baseline alike. The ratio of the subject's second sample to its first sample is
 * the control (A/A), which is 1 without noise.
 */
export interface Round {
  subject: Sample;
  baseline: Sample;
  again: Sample;
}

/** Assumed bookings per second before the first measurement, by number of clients, to make enough slots. */
const FIRST_GUESS: Record<number, number> = { 1: 100, 16: 400, 64: 500 };
/** Factor for later measurements: slots are made for the highest measured rate multiplied by it. */
const RESERVE = 1.5;
/**
 * Duration of the warm-up by workload. It is long enough for V8 to optimize most code: V8's compiler threads
 * took 0.7 ms of CPU per booking after 12 s, and 0.3 ms after 50 s.
 */
const WARM_UP_SECONDS = { book: 60, pay: 30, list: 20, search: 20 };
const PAUSE_MS = 1500;

/**
 * Runs contests. A `Turn` is one workload with a number of clients on one system; it runs for a few seconds.
 */
export class Arena {
  readonly #load: Load;
  readonly #seconds: number;
  readonly #idle = new Map<System, Cost>();
  /** Highest measured operations per second, by system, workload and number of clients. */
  readonly #rates = new Map<string, number>();
  /** Number of operations that each system has executed in measurements and warm-ups. */
  readonly #operations = new Map<System, number>();

  /** @param seconds duration of the load in each measurement */
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

  /** Runs the workload `list` until a system has executed this number of operations in total. */
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
