// `npm run test:restore`: restores two moments from a backup under load and the log after it, on another server.
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
import type { Schemas } from "../faults/invariants/schemas.ts";
import { Random } from "../faults/random.ts";
import { System } from "../faults/system.ts";
import { runOps, secretsIn, serverEnv, serviceEnv } from "./commands.ts";
import { RecordingClient } from "./recording-client.ts";
import {
  inSchemas,
  untilReady,
  violationsAfter,
  violationsAtEnd,
  violationsBefore,
} from "./restored-system.ts";
import { usage } from "./run.usage.mjs";

const THINK_MS = 250;

interface Flags {
  seed: number;
  patients: number;
  phaseMs: number;
}

/** Moments of the load that are restored. */
interface Moments {
  /** In mid-load: changes were under way, and others came after it. */
  middle: Date;
  /** After the load, and before its data was destroyed. */
  end: Date;
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

  const system = await System.start(join(dataDir, "data"));
  const secrets = secretsIn(system.stack.dataDir);
  const env = {
    ...serverEnv(system.stack.urls.mysql, secrets),
    BACKUP_RECIPIENT: recipient,
    BACKUP_DIR: join(dataDir, "backups"),
  };
  const http = new RecordingClient(system.stack.urls.gateway);
  const random = new Random(seed);
  const crowd = await Crowd.gather({ system, random, patients, thinkMs: THINK_MS, http });
  crowd.countIn(new CallStats());
  const { file, middle } = await crowd.during(async () => {
    await delay(phaseMs);
    const backup = await runOps("backup", [], env);
    await runOps("backup", ["log"], env);
    await delay(phaseMs);
    const middle = new Date();
    await delay(phaseMs);
    return { file: /^File +(\S+),/m.exec(backup)?.[1] ?? "", middle };
  });
  const moments = { middle, end: new Date() };
  await inSchemas(system.stack.urls.mysql, async (schemas) => {
    await http.forgetIdle(schemas);
    await destroy(schemas);
  });
  await runOps("backup", ["log"], env);
  crowd.close();
  await system.stop();

  const mysql = await startFreshMysql(join(dataDir, "fresh"));
  try {
    const target = serverEnv(mysql.url, secrets);
    const restore = (moment: Date, ...args: string[]) =>
      runOps("restore", [file, "--key", keyFile, "--to", moment.toISOString(), ...args], target);
    await restore(moments.middle);
    const violations = await serve(system.stack.dataDir, mysql.url, { crowd, http, moments });
    await restore(moments.end, "--replace");
    return [...violations, ...(await violationsAtEnd(mysql.url, crowd))];
  } finally {
    await mysql.server.stop();
  }
}

/** Starts the restored system, and does all that the documentation asks for. @returns the violations */
async function serve(
  dataDir: string,
  mysqlUrl: string,
  { crowd, http, moments }: { crowd: Crowd; http: RecordingClient; moments: Moments },
): Promise<string[]> {
  const system = await System.start(dataDir, undefined, mysqlUrl);
  const secrets = secretsIn(dataDir);
  const target = serverEnv(mysqlUrl, secrets);
  const wrong = (schemas: Schemas) => http.violations(schemas, moments.middle);
  try {
    await untilReady(() => runOps("restore", ["status"], target));
    const violations = await violationsBefore(system, crowd.token, wrong);
    await check(system, secrets);
    await runOps("restore", ["confirm"], target);
    violations.push(...(await violationsAfter(system, wrong)));
    await check(system, secrets);
    return violations;
  } finally {
    await system.stop();
  }
}

/** Deletes what an operator's mistake might. */
async function destroy(schemas: Schemas): Promise<void> {
  for (const table of ["scheduling.bookings", "billing.payments", "auth.users"])
    await schemas.rows(`DELETE FROM ${table}`);
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
