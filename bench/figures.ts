import { cpus, loadavg } from "node:os";
import type { Round } from "./contest.ts";
import type { MemoryFigures } from "./memory.ts";
import { type Limits, MEMORY_GOALS, type Plan, START_GOAL } from "./plan.ts";
import { isConclusive, ratioOf } from "./statistics.ts";

export type Verdict = "goal" | "must" | "missed" | "reported" | "no conclusion";

/** A measured value with its goal. */
export interface Figure {
  title: string;
  unit: "" | "MB" | "s";
  limits: Limits;
  value: number;
  /** Lowest and highest value of all rounds. */
  lowest: number;
  highest: number;
  /** Ratio of the system's second sample to its first (A/A). Absent if the figure is not a ratio. */
  control?: number;
  verdict: Verdict;
}

export interface Settings {
  seconds: number;
  rounds: number;
  durable: boolean;
}

export interface Measured {
  settings: Settings;
  contests: { plan: Plan; rounds: Round[] }[];
  /** Memory of MedConnect after each round. */
  memory: MemoryFigures[];
  start: { firstS: number; secondS: number } | undefined;
}

export interface Figures extends Omit<Measured, "contests"> {
  machine: { cpu: string; cores: number; node: string; load15: number };
  goals: Figure[];
  contests: { name: string; rounds: Round[] }[];
  /** Number of bookings without a consultation. Must be 0. */
  incomplete: number;
}

export function summarize({ contests, ...measured }: Measured): Figures {
  const { memory, start } = measured;
  const goals = contests.flatMap(({ plan, rounds }) => ratioFigures(plan, rounds));
  const last = memory.at(-1);
  if (last) goals.push(...memoryFigures(last));
  if (start) goals.push(single("second npm start until ready", "s", start.secondS, START_GOAL));
  return {
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      node: process.version,
      load15: loadavg()[2]!,
    },
    ...measured,
    goals,
    contests: contests.map(({ plan: { name }, rounds }) => ({ name, rounds })),
    incomplete: contests
      .flatMap(({ rounds }) => rounds)
      .flatMap(({ subject, baseline, again }) => [subject, baseline, again])
      .reduce((sum, { incomplete }) => sum + incomplete, 0),
  };
}

function ratioFigures(plan: Plan, rounds: Round[]): Figure[] {
  return plan.goals.map(({ title, metric, ...limits }) => {
    const ratio = ratioOf(rounds, metric);
    const { median: value, lowest, highest, control } = ratio;
    const verdict = isConclusive(ratio) ? verdictOf(value, limits) : "no conclusion";
    return { title, unit: "", limits, value, lowest, highest, control, verdict };
  });
}

function memoryFigures({ operations, pssMb, rssMb }: MemoryFigures): Figure[] {
  const calls = operations.toLocaleString("en");
  const highest = Math.max(...Object.values(rssMb));
  return [
    single(`PSS of five processes, ${calls} calls`, "MB", pssMb, MEMORY_GOALS.pss),
    single(`highest RSS of a process, ${calls} calls`, "MB", highest, MEMORY_GOALS.rss),
  ];
}

function single(title: string, unit: Figure["unit"], value: number, limits: Limits): Figure {
  return { title, unit, limits, value, lowest: value, highest: value, verdict: verdictOf(value, limits) };
}

export function verdictOf(value: number, { must, goal, isFloor }: Limits): Verdict {
  const holds = (limit: number) => (isFloor ? value >= limit : value <= limit);
  if (goal !== undefined && holds(goal)) return "goal";
  if (must === undefined) return "reported";
  return holds(must) ? "must" : "missed";
}
