import { join } from "node:path";
import { type Progress, terminalProgress } from "@medconnect/dev/terminal/progress.ts";
import { Arena, type Contest, type Round } from "./contest.ts";
import type { Measured, Settings } from "./figures.ts";
import { type HelperServer, startHelperServer } from "./helper.ts";
import { enlargeBufferPool, fillTables, SIZES_ENV } from "./large-tables.ts";
import { Load } from "./load/load.ts";
import { type MemoryFigures, readMemory } from "./memory.ts";
import type { Mode, Plan, PlannedTurn } from "./plan.ts";
import { startReference } from "./reference/start.ts";
import { measureStarts } from "./start-time.ts";
import { type Medconnect, type System, type SystemOptions, startMedconnect, tracingTo } from "./systems.ts";

/** Number of calls after which `--full` reads the memory. */
const CALLS_FOR_MEMORY = 100_000;

export interface BenchOptions {
  dataDir: string;
  signal: AbortSignal;
  mode: Mode;
  plans: Plan[];
  /** True to measure `npm start` after all contests. */
  measuresStart: boolean;
  /** Number of rows to which the tables of the system `large` are filled before its contests. */
  rows: number;
  settings: Settings;
}

/**
 * Starts the systems of the plans, runs the contests of all plans, and stops the systems. In a round, the
 * contests run one after the other.
 */
export async function runBench(options: BenchOptions): Promise<Measured> {
  const { plans, settings, mode, dataDir, measuresStart, signal } = options;
  const progress = terminalProgress(3 + settings.rounds + (measuresStart ? 1 : 0));
  const bench = new Bench(options, progress);
  const rounds = new Map<Plan, Round[]>(plans.map((plan) => [plan, []]));
  const memory: MemoryFigures[] = [];
  try {
    await bench.start();
    for (let round = 1; round <= settings.rounds; round++) {
      progress.step(`Round ${round} of ${settings.rounds}`);
      for (const plan of plans) {
        signal.throwIfAborted();
        progress.detail(plan.name);
        rounds.get(plan)!.push(await bench.round(plan));
      }
      memory.push(bench.readMemory());
    }
    if (mode === "full") memory.push(await bench.readMemoryAfter(CALLS_FOR_MEMORY));
  } finally {
    await bench.stop();
  }
  let start: Measured["start"];
  if (measuresStart) {
    progress.step("npm start, twice");
    start = await measureStarts(join(dataDir, "start"), signal);
  }
  return { settings, contests: [...rounds].map(([plan, all]) => ({ plan, rounds: all })), memory, start };
}

class Bench {
  readonly #options: BenchOptions;
  readonly #progress: Progress;
  readonly #load = new Load();
  readonly #arena: Arena;
  readonly #systems = new Map<System["name"], Medconnect | System>();
  #sink: HelperServer | undefined;

  constructor(options: BenchOptions, progress: Progress) {
    this.#options = options;
    this.#progress = progress;
    this.#arena = new Arena(this.#load, options.settings.seconds);
    options.signal.addEventListener("abort", () => this.#load.stop());
  }

  async start(): Promise<void> {
    const { plans, signal } = this.#options;
    const turns = plans.flatMap(({ subject, baseline }) => [subject, baseline]);
    const names = [...new Set(turns.map(({ system }) => system))];
    this.#progress.step(`Systems: ${names.join(", ")}`);
    for (const name of names) {
      const system = await this.#startSystem(name);
      this.#systems.set(name, system);
      await this.#arena.prepare(system);
    }
    this.#progress.step("Warm-up");
    const warmed = new Map(turns.map((turn) => [`${turn.system} ${turn.workload}`, turn]));
    for (const turn of warmed.values()) {
      this.#progress.detail(`${turn.system}, ${turn.workload}`);
      await this.#arena.warmUp(this.#resolve(turn));
    }
    await this.#fill();
    this.#progress.step("Idle");
    for (const system of this.#systems.values()) {
      signal.throwIfAborted();
      await this.#arena.rest(system);
    }
  }

  async round({ name, subject, baseline }: Plan): Promise<Round> {
    const contest: Contest = { name, subject: this.#resolve(subject), baseline: this.#resolve(baseline) };
    return await this.#arena.round(contest);
  }

  readMemory(): MemoryFigures {
    const system = this.#systems.get("medconnect")!;
    return readMemory(system, this.#arena.operationsOf(system));
  }

  async readMemoryAfter(operations: number): Promise<MemoryFigures> {
    await this.#arena.continueTo(this.#systems.get("medconnect")!, operations);
    return this.readMemory();
  }

  async stop(): Promise<void> {
    this.#load.stop();
    await Promise.all([...this.#systems.values()].map((system) => system.stop()));
    this.#sink?.stop();
  }

  /** Fills the tables of the system named `large`, if this run starts it. */
  async #fill(): Promise<void> {
    const large = this.#systems.get("large") as Medconnect | undefined;
    if (!large) return;
    const { mysqlUrl } = this.#systems.get("medconnect") as Medconnect;
    for (const url of [mysqlUrl, large.mysqlUrl]) await enlargeBufferPool(url);
    await fillTables(large.mysqlUrl, this.#options.rows, this.#progress);
  }

  async #startSystem(name: System["name"]): Promise<System> {
    const { dataDir, settings, signal, mode } = this.#options;
    const options: SystemOptions = { dataDir, durable: settings.durable, signal };
    switch (name) {
      case "reference":
        return await startReference(options);
      case "traced":
        this.#sink = await startHelperServer("sink-server.ts");
        return await startMedconnect(name, options, tracingTo(this.#sink.url));
      case "medconnect":
      case "large":
        return await startMedconnect(name, options, mode === "sizes" ? SIZES_ENV : {});
    }
  }

  #resolve({ system, ...turn }: PlannedTurn): Contest["subject"] {
    return { ...turn, system: this.#systems.get(system)! };
  }
}
