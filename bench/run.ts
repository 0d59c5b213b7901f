// `npm run bench`: CPU, latency, memory and start of MedConnect against a plain monolith, measured in the same run.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Server } from "@medconnect/deploy/local/server.ts";
import { stopSignal } from "@medconnect/deploy/local/stop-signal.ts";
import { runCommand, SetupError } from "@medconnect/deploy/setup-error.ts";
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

runCommand(async () => {
  const flags = readFlags();
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  refuseUnlessLinux();
  const stopping = stopSignal(() => {
    Server.killAll();
    process.exit(1);
  });
  const dataDir = await mkdtemp(join(tmpdir(), "medconnect-bench-"));
  try {
    const figures = await run(dataDir, flags, stopping);
    process.stdout.write(`\n${describe(figures)}\n`);
    if (flags.json) await writeFile(flags.json, `${JSON.stringify(figures, undefined, 2)}\n`);
    return figures.incomplete === 0 ? 0 : 1;
  } catch (error) {
    if (!stopping.aborted) throw error;
    return 130;
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
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

async function run(dataDir: string, flags: Flags, signal: AbortSignal): Promise<Figures> {
  const { mode, plans, measuresStart, rows, rounds, seconds, relaxed } = flags;
  const settings = { seconds, rounds, durable: !relaxed };
  return summarize(await runBench({ dataDir, signal, mode, plans, measuresStart, rows, settings }));
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        full: { type: "boolean", default: false },
        sizes: { type: "boolean", default: false },
        rows: { type: "string", default: "5000000" },
        only: { type: "string", default: "" },
        rounds: { type: "string" },
        seconds: { type: "string", default: "4" },
        relaxed: { type: "boolean", default: false },
        json: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    const mode: Mode = values.sizes ? "sizes" : values.full ? "full" : "default";
    return {
      ...values,
      mode,
      measuresStart: mode !== "sizes" && values.only === "",
      plans: choosePlans(mode, values.only.split(",").filter(Boolean)),
      rows: atLeastOne("rows", values.rows),
      rounds: atLeastOne("rounds", values.rounds ?? (mode === "full" ? "5" : "3")),
      seconds: atLeastOne("seconds", values.seconds),
    };
  } catch (error) {
    throw new SetupError(`${(error as Error).message}\nSee npm run bench -- --help.`);
  }
}

function atLeastOne(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new SetupError(`--${name} must be a whole number from 1 on.`);
}
