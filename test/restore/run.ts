// `npm run test:restore`: restores a moment from a backup under load and the log after it, on another server.
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findMysql } from "@medconnect/dev/engines/engines.ts";
import { startMysql } from "@medconnect/dev/engines/mysql.ts";
import { Server } from "@medconnect/dev/engines/server.ts";
import { freePort } from "@medconnect/dev/stack/ports.ts";
import { silent } from "@medconnect/dev/terminal/progress.ts";
import { stopSignal } from "@medconnect/dev/terminal/stop-signal.ts";
import { runCommand, wholeNumber } from "@medconnect/ops/command/command.ts";
import { SERVICES } from "@medconnect/topology/services.ts";
import { CallStats } from "../faults/call-stats.ts";
import { Crowd } from "../faults/crowd.ts";
import { Schemas } from "../faults/invariants/schemas.ts";
import { Random } from "../faults/random.ts";
import { System } from "../faults/system.ts";
import { runOps, secretsIn, serverEnv, serviceEnv } from "./commands.ts";
import { untilReady, violationsAfter, violationsBefore } from "./restored-system.ts";
import { usage } from "./run.usage.mjs";

const THINK_MS = 250;

interface Flags {
  seed: number;
  patients: number;
  phaseMs: number;
}

runCommand({
  ...usage,
  run: async ({ seed, patients, seconds }) => {
    const flags = {
      seed: wholeNumber("seed", seed ?? `${Math.floor(Math.random() * 2 ** 31)}`, 0),
      patients: wholeNumber("patients", patients ?? "20"),
      phaseMs: wholeNumber("seconds", seconds ?? "15") * 1000,
    };
    const dataDir = await mkdtemp(join(tmpdir(), "medconnect-restore-"));
    const stop = () => {
      Server.killAll();
      rmSync(dataDir, { recursive: true, force: true });
      process.exit(130);
    };
    stopSignal(stop).addEventListener("abort", stop);
    const violations = await run(dataDir, flags);
    for (const violation of violations) process.stdout.write(`${violation}\n`);
    process.stdout.write(`seed ${flags.seed}: ${violations.length || "no"} violations\n`);
    if (violations.length === 0) await rm(dataDir, { recursive: true, force: true });
    else process.stderr.write(`Logs: ${join(dataDir, "logs")}\n`);
    return violations.length === 0 ? 0 : 1;
  },
});

async function run(dataDir: string, { seed, patients, phaseMs }: Flags): Promise<string[]> {
  const keyFile = join(dataDir, "backup-key");
  const recipient = (await runOps("backup", ["key", keyFile], {})).trim().slice("BACKUP_RECIPIENT=".length);
  const random = new Random(seed);

  const system = await System.start(join(dataDir, "data"));
  const secrets = secretsIn(system.stack.dataDir);
  const env = {
    ...serverEnv(system.stack.urls.mysql, secrets),
    BACKUP_RECIPIENT: recipient,
    BACKUP_DIR: join(dataDir, "backups"),
  };
  const crowd = await gather(system, random, patients);
  const file = await crowd.during(async () => {
    await delay(phaseMs);
    const backup = await runOps("backup", [], env);
    await runOps("backup", ["log"], env);
    await delay(phaseMs);
    return /^File +(\S+),/m.exec(backup)?.[1] ?? "";
  });
  const moment = new Date();
  const late = await gather(system, random, patients);
  await late.during(() => delay(phaseMs / 3));
  await destroy(system);
  await runOps("backup", ["log"], env);
  for (const each of [crowd, late]) each.close();
  await system.stop();

  const mysql = await startFreshMysql(join(dataDir, "fresh"));
  try {
    const target = serverEnv(mysql.url, secrets);
    await runOps("restore", [file, "--key", keyFile, "--to", moment.toISOString()], target);
    const restored = await System.start(system.stack.dataDir, undefined, mysql.url);
    try {
      await untilReady(() => runOps("restore", ["status"], target));
      const violations = await violationsBefore(restored, crowd);
      await check(restored, secrets);
      await runOps("restore", ["confirm"], target);
      violations.push(...(await violationsAfter(restored, crowd)));
      await check(restored, secrets);
      return violations;
    } finally {
      await restored.stop();
    }
  } finally {
    await mysql.server.stop();
  }
}

async function gather(system: System, random: Random, patients: number): Promise<Crowd> {
  const crowd = await Crowd.gather({ system, random: random.fork(), patients, thinkMs: THINK_MS });
  crowd.countIn(new CallStats());
  return crowd;
}

/** Deletes what an operator's mistake might. */
async function destroy(system: System): Promise<void> {
  const schemas = await Schemas.open(system.stack.urls.mysql);
  for (const table of ["scheduling.bookings", "billing.payments", "auth.users"])
    await schemas.rows(`DELETE FROM ${table}`);
  await schemas.close();
}

async function startFreshMysql(folder: string) {
  return await startMysql({
    program: await findMysql(silent),
    folder,
    port: await freePort(),
    password: "fresh",
    durable: true,
    logFile: `${folder}.log`,
  });
}

/** Runs the checks that the documentation asks for after a restore. Throws if one finds something. */
async function check(system: System, secrets: ReturnType<typeof secretsIn>): Promise<void> {
  await runOps("check-ledger", [], serviceEnv(system.stack, "billing", secrets));
  for (const service of SERVICES) {
    await runOps("verify-audit", ["--service", service], serviceEnv(system.stack, service, secrets));
  }
  await runOps("reconcile", [], serviceEnv(system.stack, "scheduling", secrets));
}
