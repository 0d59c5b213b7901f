// `npm run bench`: what a booking and a list of slots cost, in CPU time, with everything that they cause.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { terminalProgress } from "@medconnect/deploy/local/progress.ts";
import { Server } from "@medconnect/deploy/local/server.ts";
import { aborted, stopSignal } from "@medconnect/deploy/local/stop-signal.ts";
import { runCommand, SetupError } from "@medconnect/deploy/setup-error.ts";
import { COMPARE_STEPS, compare, ROUNDS } from "./compare.ts";
import { refuseUnlessLinux } from "./cpu.ts";
import { startHelperServer } from "./helper.ts";
import { Load } from "./load/load.ts";
import { describe, type Figures, summarize } from "./report.ts";
import { startSubjects } from "./subjects.ts";

const HELP = `Usage: npm run bench [-- options]

Starts throwaway systems and measures what a free booking and a list of 20 slots cost: rate, latency, and the CPU time of
every process for one of them, without tracing and with all traces sent. Takes about five minutes, most of it for accounts. The less else the
machine does meanwhile, the truer are rate and latency; CPU times suffer less.

  --seconds N   how long each turn of load lasts, of which there are 12 (4)
  --clients N   how many clients call at once (16)
  --relaxed     MySQL does not wait for the disk, as in the tests
  --json FILE   writes all figures to a file, too
  --help        shows this
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
    return figures.results.book.incomplete === 0 ? 0 : 1;
  } catch (error) {
    if (!stopping.aborted) throw error;
    return 130;
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: "string", default: "4" },
        clients: { type: "string", default: "16" },
        relaxed: { type: "boolean", default: false },
        json: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    return {
      ...values,
      seconds: atLeastOne("seconds", values.seconds),
      clients: atLeastOne("clients", values.clients),
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

interface RunOptions {
  seconds: number;
  clients: number;
  relaxed: boolean;
}

async function run(
  dataDir: string,
  { seconds, clients, relaxed }: RunOptions,
  signal: AbortSignal,
): Promise<Figures> {
  const durable = !relaxed;
  const progress = terminalProgress(1 + COMPARE_STEPS);
  progress.step("Two systems: one without tracing, one with all traces sent");
  const [sink, hello] = await Promise.all([
    startHelperServer("sink-server.ts"),
    startHelperServer("hello-server.ts"),
  ]);
  const subjects = await startSubjects({ dataDir, durable, sinkUrl: sink.url, signal });
  const load = new Load();
  try {
    const comparing = compare({ subjects, hello, load, progress }, { seconds, clients });
    const comparison = await Promise.race([comparing, aborted(signal)]);
    if (!comparison) throw signal.reason;
    const { samples, helloMicros } = comparison;
    return summarize(samples, helloMicros, { clients, seconds, rounds: ROUNDS, durable });
  } finally {
    load.stop();
    await subjects.stop();
  }
}
