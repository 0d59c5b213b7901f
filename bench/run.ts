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

const HELP = `Compares MedConnect with a monolith: CPU time per operation, rate, latency, memory and start.

Usage: npm run bench [-- options]

Starts MedConnect and the reference (an Express process, bench/reference) on private MySQL and Redis servers. Turns of
load alternate: MedConnect, reference, MedConnect. If MedConnect's two turns differ by more than 5 %, the machine is too
noisy for a conclusion. Takes about a quarter of an hour; nothing else should run meanwhile.

  --full        Adds paid bookings, search, tracing, and memory after 100,000 calls, in more rounds (about 45 minutes).
  --sizes       Only bookings in tables of 5 million bookings and slots against small ones (about an hour).
  --rows N      Rows for --sizes (5000000).
  --only A,B    Only these contests, without the start: book-16, book-64, book-1, list, pay, search, tracing-book,
                tracing-list, sizes.
  --rounds N    Rounds of each contest (3; 5 with --full).
  --seconds N   Length of a turn (4).
  --relaxed     MySQL does not sync each commit to disk, as in the tests.
  --json FILE   Also writes all figures to a file.
  -h, --help    Shows this.

Exit codes: 0 measured, 1 bookings were incomplete, or the measurement failed, 130 stopped
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
