// `npm run bench`: compares CPU, latency, memory and start of MedConnect with a monolith in one run.
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

const HELP = `Usage: npm run bench [-- options]

Starts MedConnect and a reference (a monolith in one Express process, bench/reference) on MySQL and Redis of their own, and
compares them: CPU of all processes an operation, rate and latency of bookings and lists, memory, and the time of a start.
Turns of load alternate: MedConnect, reference, MedConnect. Where MedConnect's two turns differ by more than 5 %, the
machine is too noisy, and no conclusion is drawn. Takes about a quarter of an hour; nothing else should run meanwhile.

  --full         also measures paid bookings, search, tracing, and memory after 100,000 calls, in more rounds (about 45 minutes)
  --sizes        measures only bookings in tables of 5 million bookings and slots against small ones (about an hour)
  --rows N       number of rows for --sizes (5000000)
  --only A,B     measures only these contests, and no start: book-16, book-64, book-1, list, pay, search, tracing-book, tracing-list, sizes
  --rounds N     rounds of each contest (3; 5 with --full)
  --seconds N    length of a turn of load (4)
  --relaxed      MySQL does not wait for the disk, as in the tests
  --json FILE    writes all figures to a file, too
  --help         shows this
`;

runCommand({
  name: "bench",
  help: HELP,
  options: {
    full: { type: "boolean", default: false },
    sizes: { type: "boolean", default: false },
    rows: { type: "string", default: "5000000" },
    only: { type: "string", default: "" },
    rounds: { type: "string" },
    seconds: { type: "string", default: "4" },
    relaxed: { type: "boolean", default: false },
    json: { type: "string" },
  },
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
