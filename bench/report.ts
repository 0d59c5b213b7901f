import { styleText } from "node:util";
import type { Figure, Figures, Verdict } from "./figures.ts";
import type { Sample } from "./measure.ts";
import { MAX_CONTROL_ERROR, median } from "./statistics.ts";

const VERDICTS: Record<Verdict, string> = {
  goal: styleText("green", "goal met"),
  must: styleText("green", "must met"),
  missed: styleText("red", "missed"),
  reported: "reported",
  "no conclusion": styleText("yellow", "no conclusion"),
};

export function describe(figures: Figures): string {
  const { machine, settings, goals, contests, incomplete, start } = figures;
  const { rounds, seconds, durable } = settings;
  return [
    `${machine.cores} × ${machine.cpu}, Node ${machine.node}, load average of 15 minutes ${machine.load15.toFixed(1)}`,
    `Medians of ${rounds} rounds of 3 × ${seconds} s; MySQL ${durable ? "syncs every commit" : "does not wait for the disk (--relaxed)"}`,
    "",
    ...table(["goal", "must", "goal", "measured", "from–to", "same twice", ""], goals.map(goalRow)),
    ...(goals.some(({ verdict }) => verdict === "no conclusion")
      ? [
          `No conclusion: the same load measured twice differs by more than ${percent(MAX_CONTROL_ERROR)}. Measure again on a quiet machine.`,
        ]
      : []),
    ...contests.flatMap(({ name, rounds }) => ["", ...contestTable(name, rounds)]),
    "",
    ...(start ? [`First npm start in a new folder: ${start.firstS.toFixed(1)} s`] : []),
    incomplete === 0
      ? "Every booking has its consultation."
      : styleText("red", `${incomplete} bookings have no consultation.`),
  ].join("\n");
}

function goalRow({ title, unit, limits, value, lowest, highest, control, verdict }: Figure): string[] {
  const show = (number: number) => (unit === "MB" ? number.toFixed(0) : number.toFixed(2));
  const limit = (number: number | undefined) =>
    number === undefined ? "" : `${limits.isFloor ? "≥" : "≤"} ${number}`;
  return [
    title,
    limit(limits.must),
    limit(limits.goal),
    `${show(value)} ${unit}`.trimEnd(),
    lowest === highest ? "" : `${show(lowest)}–${show(highest)}`,
    control === undefined ? "" : percent(control - 1),
    VERDICTS[verdict],
  ];
}

function contestTable(name: string, rounds: Figures["contests"][number]["rounds"]): string[] {
  const subjects = rounds.flatMap(({ subject, again }) => [subject, again]);
  const baselines = rounds.map(({ baseline }) => baseline);
  const names = [...new Set([subjects, baselines].flatMap(([first]) => Object.keys(first!.cost)))];
  const row = (title: string, samples: Sample[]) => {
    const middle = (value: (sample: Sample) => number | undefined) => {
      const values = samples.map(value).filter((found) => found !== undefined);
      return values.length === 0 ? undefined : median(values);
    };
    return [
      title,
      middle(({ rate }) => rate)!.toFixed(0),
      middle(({ p50Ms }) => p50Ms)!.toFixed(1),
      middle(({ p99Ms }) => p99Ms)!.toFixed(1),
      ...names.map((process) => middle(({ cost }) => cost[process])?.toFixed(0) ?? ""),
      middle(({ totalCost }) => totalCost)!.toFixed(0),
    ];
  };
  return [
    styleText("bold", `${name} (CPU µs an operation, by process)`),
    ...table(
      ["", "per s", "p50 ms", "p99 ms", ...names, "sum"],
      [row("subject", subjects), row("baseline", baselines)],
    ),
  ];
}

/** Aligns the first column to the left, and the others, which are figures, to the right. */
function table(head: string[], rows: string[][]): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("  ")
      .trimEnd(),
  );
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
