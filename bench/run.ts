// `npm run bench`: compares MedConnect with a monolith, and measures CPU, latency, memory and start time.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server } from "@medconnect/dev/engines/server.ts";
import { stopSignal } from "@medconnect/dev/terminal/stop-signal.ts";
import { runCommand, wholeNumber } from "@medconnect/ops/command/command.ts";
import { runBench } from "./bench.ts";
import { type Figures, summarize } from "./figures.ts";
import { choosePlans, type Mode, type Plan } from "./plan.ts";
import { refuseUnlessLinux } from "./proc.ts";
import { describe } from "./report.ts";
import { usage } from "./run.usage.mjs";

runCommand({
  ...usage,
  run: async (values) => {
    const flags = flagsOf(values);
    refuseUnlessLinux();
    const stopping = stopSignal(() => {
      Server.killAll();
      process.exit(1);
    });
    const dataDir = await mkdtemp(join(tmpdir(), "medconnect-bench-"));
    try {
      const figures = await run(dataDir, flags, stopping);
      process.stdout.write(`\n${describe(figures)}\n`);
      if (values.json) await writeFile(values.json, `${JSON.stringify(figures, undefined, 2)}\n`);
      return figures.incomplete === 0 ? 0 : 1;
    } catch (error) {
      if (!stopping.aborted) throw error;
      return 130;
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  },
});

interface Flags {
  mode: Mode;
  plans: Plan[];
  measuresStart: boolean;
  rows: number;
  rounds: number;
  seconds: number;
  relaxed: boolean;
}

interface Values {
  full: boolean;
  sizes: boolean;
  rows: string;
  only: string;
  rounds?: string | undefined;
  seconds: string;
  relaxed: boolean;
}

function flagsOf(values: Values): Flags {
  const mode: Mode = values.sizes ? "sizes" : values.full ? "full" : "default";
  return {
    mode,
    measuresStart: mode !== "sizes" && values.only === "",
    plans: choosePlans(mode, values.only.split(",").filter(Boolean)),
    rows: wholeNumber("rows", values.rows),
    rounds: wholeNumber("rounds", values.rounds ?? (mode === "full" ? "5" : "3")),
    seconds: wholeNumber("seconds", values.seconds),
    relaxed: values.relaxed,
  };
}

async function run(dataDir: string, flags: Flags, signal: AbortSignal): Promise<Figures> {
  const { mode, plans, measuresStart, rows, rounds, seconds, relaxed } = flags;
  const settings = { seconds, rounds, durable: !relaxed };
  return summarize(await runBench({ dataDir, signal, mode, plans, measuresStart, rows, settings }));
}
