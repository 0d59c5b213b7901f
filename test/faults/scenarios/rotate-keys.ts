import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Server } from "@medconnect/dev/engines/server.ts";
import { DataFolder } from "@medconnect/dev/stack/data-folder.ts";
import { PROCESSES, type ProcessName, SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import { Balancer } from "../balancer.ts";
import { EncryptedDataLoad, type EncryptedDataLoadOptions } from "../encrypted-data-load.ts";
import { addReplicas, removeReplicas } from "../replicas.ts";
import type { System } from "../system.ts";
import { type Lab, Notes, type Scenario, seconds, underLoad } from "./scenario.ts";

const ROOT = join(import.meta.dirname, "../../..");
/** Pause after a restart. It is longer than clients need to find the restarted instance. */
const SETTLE_IN_MS = 1500;
/** Options that make `npm run rekey` slow enough to be killed in the middle. */
const SLOWLY = ["--batch", "10", "--rate", "100"];

/** DATA_KEY of each service, and INTERNAL_KEY, which all processes share. */
type Keys = Record<ServiceName | "internal", string>;

/** Groups of processes. The processes of one group restart together, while all others serve. */
type Steps = Server[][];

/**
 * Follows docs/rotating-keys.md, and rotates all keys at the same time. Without `--short`, each process has
 * two instances. They restart one after the other, so no call may fail. With `--short`, each process has one
 * instance, and clients repeat calls that fail during its restart.
 */
export const rotateKeys: Scenario = {
  name: "rotate-keys",
  promise:
    "DATA_KEY and INTERNAL_KEY rotated under load, rekeying killed and resumed: with two instances no call fails, and only the new keys are needed",
  inShort: true,
  run: async (lab) => {
    const notes = new Notes(lab);
    await (lab.isLong ? rotateTwins(lab, notes) : rotateSingles(lab, notes));
    await Promise.all(
      SERVICES.map(async (service) => {
        const { code, output } = await rekey(lab.system.process(service), ["--check"]);
        notes.expect(code === 0, `${service} has values under older keys: ${output}`);
      }),
    );
    return notes;
  },
};

async function rotateSingles(lab: Lab, notes: Notes): Promise<void> {
  const { system, crowd } = lab;
  const steps = [["auth", "clinical", "gateway"] as const, ["scheduling", "billing"] as const].map((names) =>
    names.map((name) => system.process(name)),
  );
  const load = await prepare(lab, system.http);
  await underLoad(lab, notes, () => load.during(() => rotate(system, steps, notes)));
  await system.untilWhole(crowd.token, Date.now());
  await load.readAll();
  notes.fact(load.describe());
}

async function rotateTwins(lab: Lab, notes: Notes): Promise<void> {
  const { system, crowd, callStats } = lab;
  const { replicas, gatewayUrls } = await addReplicas(system);
  const balancer = new Balancer(gatewayUrls);
  const steps = PROCESSES.flatMap((name) => [[system.process(name)], [replicas[name]]]);
  try {
    await system.untilWhole(crowd.token, Date.now());
    balancer.start();
    const load = await prepare(lab, balancer);
    await load.during(() => rotate(system, steps, notes));
    await load.readAll();
    notes.fact(load.describe());
  } finally {
    await balancer.stop();
    await removeReplicas(system, replicas);
  }
  notes.expect(callStats.unknown === 0, `${callStats.unknown} calls failed`);
}

async function prepare({ system, crowd, callStats, random }: Lab, http: EncryptedDataLoadOptions["http"]) {
  const load = await EncryptedDataLoad.prepare(system.stack.urls.gateway, {
    http,
    callStats,
    random: random.fork(),
  });
  crowd.guests.push(load.bookingHolder);
  return load;
}

/** Replaces all old keys by new keys, in the steps of docs/rotating-keys.md. */
async function rotate(system: System, steps: Steps, notes: Notes): Promise<void> {
  const folder = new DataFolder(system.stack.dataDir);
  const [old, next] = [keysOf(folder), newKeys()];
  await roll(steps, listOf(old, next));
  await roll(steps, listOf(next, old));
  const beganAtMs = Date.now();
  notes.violations.push(...(await rekeyAll(system)));
  notes.fact(`re-keyed in ${seconds(Date.now() - beganAtMs)}, killed once in between`);
  await roll(steps, next);
  keep(folder, next);
}

function keysOf({ secrets }: DataFolder): Keys {
  return { ...secrets.dataKeys, internal: secrets.internalKey };
}

function newKeys(): Keys {
  const entries = [...SERVICES, "internal"].map((name) => [name, randomBytes(32).toString("base64")]);
  return Object.fromEntries(entries) as Keys;
}

/**
 * Makes lists of two keys, separated by a comma. Processes sign and encrypt with the first key of a list, and
 * also accept the second key.
 */
function listOf(first: Keys, second: Keys): Keys {
  const entries = Object.keys(first).map((name) => [
    name,
    `${first[name as keyof Keys]},${second[name as keyof Keys]}`,
  ]);
  return Object.fromEntries(entries) as Keys;
}

/** Restarts all processes with these keys, one group after the other. */
async function roll(steps: Steps, keys: Keys): Promise<void> {
  for (const servers of steps) {
    await Promise.all(
      servers.map(async (server) => {
        Object.assign(server.env, settingsOf(server.name as ProcessName, keys));
        await server.restart();
      }),
    );
    await delay(SETTLE_IN_MS);
  }
}

function settingsOf(name: ProcessName, keys: Keys): NodeJS.ProcessEnv {
  return { INTERNAL_KEY: keys.internal, ...(name !== "gateway" && { DATA_KEY: keys[name] }) };
}

/**
 * Encrypts all values with the new keys. Kills the first run of `npm run rekey` halfway, and starts another.
 *
 * @returns the violations
 */
async function rekeyAll(system: System): Promise<string[]> {
  const wrong: string[] = [];
  const scheduling = system.process("scheduling");
  const slow = runRekey(scheduling, SLOWLY);
  // `npm run rekey` prints a line after each column. So after the first line, it works on the second column.
  await once(slow.stdout!, "data");
  slow.kill("SIGKILL");
  const [, signal] = await once(slow, "exit");
  if (signal !== "SIGKILL") wrong.push("rekeying ended before it could be killed");
  const { code, output } = await rekey(scheduling, ["--check"]);
  if (code !== 1) wrong.push(`--check ended with ${code} while values were under the old key: ${output}`);
  await Promise.all(
    SERVICES.map(async (service) => {
      const ended = await rekey(system.process(service), []);
      if (ended.code !== 0) wrong.push(`the re-key of ${service} ended with ${ended.code}: ${ended.output}`);
    }),
  );
  return wrong;
}

/** Runs `npm run rekey` with the settings of a service. */
function runRekey({ env }: Server, args: string[]): ChildProcess {
  const stdio = ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"];
  return spawn(process.execPath, ["ops/rekey.ts", ...args], { cwd: ROOT, env, stdio });
}

async function rekey(server: Server, args: string[]): Promise<{ code: number; output: string }> {
  const child = runRekey(server, args);
  let output = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (chunk) => (output += chunk));
  const [code] = await once(child, "close");
  return { code, output };
}

/** Stores the new keys in the data folder, so that later starts use them. */
function keep(folder: DataFolder, { internal, ...dataKeys }: Keys): void {
  folder.writePrivate("secrets.json", { ...folder.secrets, internalKey: internal, dataKeys });
}
