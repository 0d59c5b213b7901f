// `npm run test:cluster`: a whole system on three MySQL servers; the one that takes the writes is killed under load.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Cluster, startCluster } from "@medconnect/deploy/cluster/cluster.ts";
import { terminalProgress } from "@medconnect/deploy/local/progress.ts";
import { Server } from "@medconnect/deploy/local/server.ts";
import { stopSignal } from "@medconnect/deploy/local/stop-signal.ts";
import { runCommand, SetupError } from "@medconnect/deploy/setup-error.ts";
import { describe, violationsOf } from "./report.ts";
import { failOver } from "./scenarios/fail-over.ts";
import { runSuite } from "./suite.ts";
import { System } from "./system.ts";

const HELP = `Usage: npm run test:cluster [-- options]

Starts three MySQL servers as a group behind MySQL Router and a throwaway system on them. Then, under a crowd of
patients, kills the server that takes the writes, has it rejoin, and checks that nothing acknowledged is lost.

  --seed N         decides what chance decides; a random one if absent
  --rounds N       how often the server is killed (3)
  --patients N     how many patients there are at once (20)
  --help           shows this
`;

const STEPS = 5;

runCommand(async () => {
  const flags = readFlags();
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const stopping = stopSignal(() => {
    Server.killAll();
    process.exit(1);
  });
  const dataDir = await mkdtemp(join(tmpdir(), "medconnect-cluster-"));
  let isGreen = false;
  try {
    isGreen = await run(dataDir, flags, stopping);
  } catch (error) {
    if (!stopping.aborted) throw error;
    return 130;
  } finally {
    if (isGreen || stopping.aborted) await rm(dataDir, { recursive: true, force: true });
    else process.stderr.write(`Logs: ${dataDir}/*/logs\n`);
  }
  return isGreen ? 0 : 1;
});

type Flags = ReturnType<typeof readFlags>;

async function run(dataDir: string, flags: Flags, signal: AbortSignal): Promise<boolean> {
  const progress = terminalProgress(STEPS);
  const cluster = await startCluster({ dataDir: join(dataDir, "cluster"), progress, signal });
  try {
    progress.step("The system, on the cluster");
    return await breakIt(cluster, join(dataDir, "system"), flags, signal);
  } finally {
    await cluster.stop();
  }
}

async function breakIt(
  cluster: Cluster,
  dataDir: string,
  flags: Flags,
  signal: AbortSignal,
): Promise<boolean> {
  const system = await System.start(dataDir, signal, cluster.url);
  // Whatever is waited for, an end is an end.
  signal.addEventListener("abort", () => Server.killAll());
  try {
    const [result] = await runSuite(system, {
      ...flags,
      isLong: true,
      scenarios: [failOver(cluster)],
      signal,
      tell: (shown) => process.stdout.write(`\nseed ${flags.seed}\n${describe(shown)}\n`),
    });
    return result !== undefined && violationsOf(result).length === 0;
  } finally {
    await system.stop();
  }
}

function readFlags() {
  try {
    const { seed, rounds, patients, help } = parseArgs({
      options: {
        seed: { type: "string", default: `${Math.floor(Math.random() * 2 ** 31)}` },
        rounds: { type: "string", default: "3" },
        patients: { type: "string", default: "20" },
        help: { type: "boolean", default: false },
      },
    }).values;
    return {
      help,
      seed: count("seed", seed),
      rounds: count("rounds", rounds),
      patients: count("patients", patients),
    };
  } catch (error) {
    throw new SetupError(`${(error as Error).message}\nSee npm run test:cluster -- --help.`);
  }
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new SetupError(`--${name} must be a whole number.`);
}
