import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import type { Workload } from "./load/tasks.ts";
import type { Metric } from "./statistics.ts";
import type { System } from "./systems.ts";

export interface PlannedTurn {
  system: System["name"];
  workload: Workload;
  clients: number;
}

export interface Plan {
  name: string;
  /** Modes of the benchmark that run this contest. */
  in: Mode[];
  subject: PlannedTurn;
  baseline: PlannedTurn;
  goals: RatioGoal[];
}

export type Mode = "default" | "full" | "sizes";

/** Limits of a measured figure. A figure without limits is only reported. */
export interface Limits {
  must?: number;
  goal?: number;
  /** True if the figure must be above the limits; otherwise it must be below them. */
  isFloor?: true;
}

export interface RatioGoal extends Limits {
  title: string;
  metric: Metric;
}

const turn = (system: System["name"], workload: Workload, clients: number): PlannedTurn => ({
  system,
  workload,
  clients,
});
const cpu: Metric = ({ totalCost }) => totalCost;
const rate: Metric = ({ rate }) => rate;
const p50: Metric = ({ p50Ms }) => p50Ms;

/** The contests of the benchmark. Each goal is for the ratio of the subject's figure to the baseline's. */
export const PLANS: Plan[] = [
  {
    name: "book-16",
    in: ["default", "full"],
    subject: turn("medconnect", "book", 16),
    baseline: turn("reference", "book", 16),
    goals: [
      { title: "booking : reference's, CPU, 16 clients", metric: cpu, must: 0.85, goal: 0.6 },
      { title: "booking : reference's, p50, 16 clients", metric: p50 },
    ],
  },
  {
    name: "book-64",
    in: ["default", "full"],
    subject: turn("medconnect", "book", 64),
    baseline: turn("reference", "book", 64),
    goals: [
      { title: "booking : reference's, CPU, 64 clients", metric: cpu, must: 0.7, goal: 0.5 },
      {
        title: "bookings a second : reference's, 64 clients",
        metric: rate,
        must: 1.1,
        goal: 1.6,
        isFloor: true,
      },
    ],
  },
  {
    name: "book-1",
    in: ["default", "full"],
    subject: turn("medconnect", "book", 1),
    baseline: turn("reference", "book", 1),
    goals: [{ title: "booking : reference's, p50, one client", metric: p50 }],
  },
  {
    name: "list",
    in: ["default", "full"],
    subject: turn("medconnect", "list", 16),
    baseline: turn("reference", "list", 16),
    goals: [{ title: "list of 20 slots : reference's, CPU", metric: cpu, must: 0.3, goal: 0.2 }],
  },
  {
    name: "pay",
    in: ["full"],
    subject: turn("medconnect", "pay", 16),
    baseline: turn("medconnect", "book", 16),
    goals: [{ title: "paid booking until AUTHORIZED : free booking, CPU", metric: cpu, goal: 2 }],
  },
  {
    name: "search",
    in: ["full"],
    subject: turn("medconnect", "search", 16),
    baseline: turn("medconnect", "list", 16),
    goals: [{ title: "search for a specialty, 20 hits : list, CPU", metric: cpu, goal: 2 }],
  },
  {
    name: "tracing-book",
    in: ["full"],
    subject: turn("traced", "book", 16),
    baseline: turn("medconnect", "book", 16),
    goals: [{ title: "booking, all traces sent : none, CPU", metric: cpu, must: 1.15, goal: 1.1 }],
  },
  {
    name: "tracing-list",
    in: ["full"],
    subject: turn("traced", "list", 16),
    baseline: turn("medconnect", "list", 16),
    goals: [{ title: "list, all traces sent : none, CPU", metric: cpu, must: 1.15, goal: 1.1 }],
  },
  {
    name: "sizes",
    in: ["sizes"],
    subject: turn("large", "book", 16),
    baseline: turn("medconnect", "book", 16),
    goals: [{ title: "booking in large tables : in small ones, CPU", metric: cpu, must: 1.15, goal: 1.05 }],
  },
];

/** Returns the contests with the given names; without names, those of the mode. Throws for unknown names. */
export function choosePlans(mode: Mode, names: string[]): Plan[] {
  const unknown = names.find((name) => !PLANS.some((plan) => plan.name === name));
  if (unknown !== undefined) {
    const known = PLANS.map(({ name }) => name).join(", ");
    throw new SetupError(`--only names the unknown contest "${unknown}". Contests: ${known}.`);
  }
  return PLANS.filter((plan) => (names.length === 0 ? plan.in.includes(mode) : names.includes(plan.name)));
}

/** Limits for the memory of MedConnect's five processes, in MB. */
export const MEMORY_GOALS = {
  pss: { must: 400, goal: 300 },
  rss: { must: 130 },
} satisfies Record<string, Limits>;

/** Limits for the time in seconds that `npm start` takes when the data folder already exists. */
export const START_GOAL: Limits = { must: 6, goal: 3 };
