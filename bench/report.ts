import { cpus } from "node:os";
import { styleText } from "node:util";
import { OPERATIONS, type Operation, type Sample } from "./measure.ts";
import { median } from "./statistics.ts";
import { PARTS, type Part, type Tracing } from "./subjects.ts";

/** Cost of the yardstick on the reference machine of the goals. */
const REFERENCE_HELLO_MICROS = 20;
const GOAL_MICROS: Record<Operation, number> = { book: 1000, list: 600 };
const GOAL_OVERHEAD = 0.15;
const TITLES: Record<Operation, string> = {
  book: "A free booking, until its consultation can be read",
  list: "A list of 20 slots",
};

export interface Figures {
  machine: { cpu: string; cores: number; node: string };
  settings: { clients: number; seconds: number; rounds: number; durable: boolean };
  /** CPU µs of Express's smallest answer, here. */
  helloMicros: number;
  results: Record<Operation, OperationFigures>;
  samples: Sample[];
}

interface OperationFigures {
  off: Medians;
  on: Medians;
  /** Relative cost of tracing: median, and each round, which shows the noise. */
  overhead: number;
  overheads: number[];
  incomplete: number;
}

type Medians = Pick<Sample, "rate" | "p50Ms" | "p99Ms" | "cost" | "totalCost"> & {
  /** Spread of `totalCost` over the rounds: the noise. */
  lowest: number;
  highest: number;
  /** As it would be on the machine that the goals were set on, as far as the yardstick tells. */
  scaledCost: number;
};

export function summarize(samples: Sample[], helloMicros: number, settings: Figures["settings"]): Figures {
  const scale = REFERENCE_HELLO_MICROS / helloMicros;
  const figuresOf = (operation: Operation): OperationFigures => {
    const of = (tracing: Tracing) =>
      samples.filter((sample) => sample.operation === operation && sample.tracing === tracing);
    const [off, on] = [of("off"), of("on")];
    // Turns that followed each other met the same noise.
    const overheads = off.map(({ totalCost }, round) => on[round]!.totalCost / totalCost - 1);
    return {
      off: mediansOf(off, scale),
      on: mediansOf(on, scale),
      overhead: median(overheads),
      overheads,
      incomplete: [...off, ...on].reduce((sum, { incomplete }) => sum + incomplete, 0),
    };
  };
  return {
    machine: { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version },
    settings,
    helloMicros,
    results: { book: figuresOf("book"), list: figuresOf("list") },
    samples,
  };
}

function mediansOf(samples: Sample[], scale: number): Medians {
  const middle = (value: (sample: Sample) => number) => median(samples.map(value));
  const totalCost = middle((sample) => sample.totalCost);
  return {
    rate: middle(({ rate }) => rate),
    p50Ms: middle(({ p50Ms }) => p50Ms),
    p99Ms: middle(({ p99Ms }) => p99Ms),
    cost: Object.fromEntries(PARTS.map((part) => [part, middle(({ cost }) => cost[part])])) as Record<
      Part,
      number
    >,
    totalCost,
    lowest: Math.min(...samples.map((sample) => sample.totalCost)),
    highest: Math.max(...samples.map((sample) => sample.totalCost)),
    scaledCost: totalCost * scale,
  };
}

/** The figures for people. */
export function describe({ machine, settings, helloMicros, results }: Figures): string {
  const { clients, rounds, seconds, durable } = settings;
  return [
    `${machine.cores} × ${machine.cpu}, Node ${machine.node}; ${clients} clients; medians of ${rounds} rounds of ${seconds} s`,
    `MySQL ${durable ? "syncs every commit, as in production" : "does not wait for the disk (--relaxed)"}`,
    `Express "hello" costs ${micros(helloMicros)} µs here, ${REFERENCE_HELLO_MICROS} µs on the machine of the goals: ` +
      `"scaled" is × ${(REFERENCE_HELLO_MICROS / helloMicros).toFixed(2)}`,
    ...OPERATIONS.flatMap((operation) => ["", ...table(operation, results[operation])]),
  ].join("\n");
}

function table(
  operation: Operation,
  { off, on, overhead, overheads, incomplete }: OperationFigures,
): string[] {
  const head = ["tracing", "per s", "p50 ms", "p99 ms", ...PARTS, "sum", "from–to", "scaled"];
  const row = (tracing: Tracing, medians: Medians) => [
    tracing,
    medians.rate.toFixed(0),
    medians.p50Ms.toFixed(1),
    medians.p99Ms.toFixed(1),
    ...PARTS.map((part) => micros(medians.cost[part])),
    micros(medians.totalCost),
    `${micros(medians.lowest)}–${micros(medians.highest)}`,
    micros(medians.scaledCost),
  ];
  const widths = head.map((title) => Math.max(title.length, title === "from–to" ? 9 : 6));
  const line = (cells: string[]) => cells.map((cell, i) => cell.padStart(widths[i]!)).join("  ");
  const goal = GOAL_MICROS[operation];
  return [
    styleText("bold", `${TITLES[operation]} (CPU µs an operation, by process)`),
    line(head),
    line(row("off", off)),
    line(row("on", on)),
    `${verdict(off.scaledCost < goal)} costs under ${goal} µs, scaled: ${micros(off.scaledCost)} µs`,
    `${verdict(overhead <= GOAL_OVERHEAD)} tracing adds at most ${percent(GOAL_OVERHEAD)}: ${percent(overhead)} (${overheads.map(percent).join(", ")})`,
    ...(operation === "book"
      ? [`${verdict(incomplete === 0)} every booking has its consultation: ${incomplete} without`]
      : []),
  ];
}

const micros = (value: number) => value.toFixed(0);
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const verdict = (met: boolean) => (met ? styleText("green", "met   ") : styleText("red", "missed"));
