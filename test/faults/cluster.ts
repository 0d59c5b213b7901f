// `npm run test:cluster`: kills the primary of three MySQL servers while a whole system uses them under load.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cluster, startCluster } from "@medconnect/dev/cluster/cluster.ts";
import { Server } from "@medconnect/dev/engines/server.ts";
import { terminalProgress } from "@medconnect/dev/terminal/progress.ts";
import { stopSignal } from "@medconnect/dev/terminal/stop-signal.ts";
import { runCommand, wholeNumber } from "@medconnect/ops/command/command.ts";
import { usage } from "./cluster.usage.mjs";
import { describe, violationsOf } from "./report.ts";
import { failOver } from "./scenarios/fail-over.ts";
import { runSuite } from "./suite.ts";
import { System } from "./system.ts";

const STEPS = 5;

runCommand({
  ...usage,
  run: async ({ seed, rounds, patients }) => {
    const flags = {
      seed: wholeNumber("seed", seed ?? `${Math.floor(Math.random() * 2 ** 31)}`, 0),
      rounds: wholeNumber("rounds", rounds, 0),
      patients: wholeNumber("patients", patients, 0),
    };
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
  },
});

interface Flags {
  seed: number;
  rounds: number;
  patients: number;
}

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
  // Kills all processes at once. Each part of the test that waits for a process then ends with an error.
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
