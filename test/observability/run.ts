// `npm run test:observability`: runs Prometheus over a system under load, and checks dashboards and alerts.
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Server } from "@medconnect/dev/engines/server.ts";
import { type Stack, startStack } from "@medconnect/dev/stack/stack.ts";
import { stopSignal } from "@medconnect/dev/terminal/stop-signal.ts";
import { runCommand } from "@medconnect/ops/command/command.ts";
import { UsageError } from "@medconnect/ops/command/setup-error.ts";
import { PROCESSES } from "@medconnect/topology/services.ts";
import { CallStats } from "../faults/call-stats.ts";
import { Crowd } from "../faults/crowd.ts";
import { Random } from "../faults/random.ts";
import { SCHEMA_PREFIX, SETTINGS, System } from "../faults/system.ts";
import { signUp, signUpAdmin } from "../support/accounts.ts";
import { Api } from "../support/api.ts";
import { licenseAt } from "../support/licensing.ts";
import { FORGERIES } from "./alert-faults/forgeries.ts";
import { type AlertFault, type Lab, linkToMysql } from "./alert-faults/lab.ts";
import { MONEY } from "./alert-faults/money.ts";
import { OUTAGES } from "./alert-faults/outages.ts";
import { AlertLog, type Firing } from "./alert-log.ts";
import { checkMetrics, checkRules, emptyQueries } from "./checks.ts";
import { Prometheus } from "./prometheus/prometheus.ts";
import { readRules, rulesOf, secondsOf, shortened } from "./prometheus/rules.ts";
import { findPrometheus, type PrometheusTools } from "./prometheus/tools.ts";
import { usage } from "./run.usage.mjs";

/** Factor by which all durations of the rules are divided. */
const FACTOR = 20;
/** Longest `for` of an alert that a fault fires here. Longer ones are tested by promtool. */
const LONGEST_FOR_S = 300;
/** Alerts that look back for a day. They are tested by promtool. */
const BY_PROMTOOL = ["ConsultationsNotClosed"];
/** Alerts whose faults fill panels that are empty in an intact system. */
const FILL_PANELS = ["RedisAway", "RpcErrors", "EventsDead"];
const PATIENTS = 10;
const THINK_MS = 250;
const CALM_MS = 20_000;

/** Searches of a patient per minute. The crowd does not search. */
const SEARCHES = 5;

/** Intervals that are shortened like the rules, and a pool small enough to be used up. */
const RUN_SETTINGS = {
  ...SETTINGS,
  METRICS_SAMPLE_EVERY: "1s",
  AUDIT_SEAL_EVERY: "1s",
  AUDIT_CHECKPOINT_EVERY: "1s",
  LEDGER_CHECK_EVERY: "1s",
  EXPIRY_CHECK_EVERY: "1s",
  RECONCILE_EVERY: "1s",
  RECONCILE_GRACE: "10s",
  TLS_RELOAD_EVERY: "1s",
  OUTBOX_MAX_REFUSALS: "2",
  DATABASE_POOL_SIZE: "4",
  RATE_LIMIT_SEARCH: `${SEARCHES}`,
};

const report = (text: string) => process.stdout.write(`${text}\n`);

runCommand({
  ...usage,
  run: async ({ alert: named, short }) => {
    const faults = faultsFor(short ? FILL_PANELS : named);
    const tools = await findPrometheus();
    if (!tools) return 0;
    const folder = await mkdtemp(join(tmpdir(), "medconnect-observability-"));
    stopAtOnce(folder);
    const problems = [
      ...checkRules(tools.promtool),
      ...(await run(tools, folder, faults, named === undefined)),
    ];
    for (const problem of problems) report(`PROBLEM: ${problem}`);
    if (problems.length === 0) await rm(folder, { recursive: true, force: true });
    else report(`Logs: ${folder}`);
    return problems.length === 0 ? 0 : 1;
  },
});

/** Faults for the named alerts; all faults by default. */
function faultsFor(named: string[] | undefined): AlertFault[] {
  const all = [...OUTAGES, ...FORGERIES, ...MONEY];
  const unknown = named?.find((name) => !all.some(({ alerts }) => alerts.includes(name)));
  if (unknown !== undefined) throw new UsageError(`There is no fault for an alert "${unknown}".`);
  return all.filter(({ alerts }) => !named || alerts.some((name) => named.includes(name)));
}

/** At Ctrl-C, kills every process, deletes the data, and exits. */
function stopAtOnce(folder: string): void {
  const stop = () => {
    Server.killAll();
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  stopSignal(stop).addEventListener("abort", stop);
}

/** @returns everything that is not as it should be */
async function run(
  tools: PrometheusTools,
  folder: string,
  faults: readonly AlertFault[],
  isWhole: boolean,
): Promise<string[]> {
  const dataDir = join(folder, "stack");
  await mkdir(join(folder, "prometheus"));
  const stack = await startStack({
    dataDir,
    schemaPrefix: SCHEMA_PREFIX,
    env: RUN_SETTINGS,
    durable: false,
    mtls: true,
    sandboxClock: true,
  });
  const targets = Object.fromEntries(PROCESSES.map((name) => [name, stack.ports[name].metricsPort]));
  const rules = shortened(readRules(), FACTOR);
  const prometheus = await Prometheus.start(tools.prometheus, join(folder, "prometheus"), rules, targets);
  const log = new AlertLog(prometheus);
  const sinceMs = Date.now();
  try {
    const lab = await labOf(stack, prometheus, targets);
    const check = () => checkMetrics(tools.promtool, targets, report);
    const problems = await bringAbout(lab, faults, log, check);
    if (!isWhole) return problems;
    return [
      ...problems,
      ...untried(faults),
      // After outages, most routes have failed as well. Then the limit is for the scrape as Prometheus gets it.
      ...(await check()),
      ...(await emptyQueries(prometheus, sinceMs, faults, report)),
    ];
  } finally {
    log.stop();
    await prometheus.stop();
    await stack.stop();
  }
}

async function labOf(stack: Stack, prometheus: Prometheus, targets: Lab["targets"]): Promise<Lab> {
  licenseAt(stack, SCHEMA_PREFIX);
  const schedulingsMysql = await linkToMysql(stack, "scheduling");
  const api = new Api(stack.urls.gateway);
  const admin = await signUpAdmin(api, stack, SCHEMA_PREFIX);
  return { system: new System(stack, []), prometheus, targets, schedulingsMysql, api, admin };
}

/**
 * Brings about the faults one after the other. Payments come last, because they move the clock.
 *
 * @param checkIntact called under load, before the first fault
 */
async function bringAbout(
  lab: Lab,
  faults: readonly AlertFault[],
  log: AlertLog,
  checkIntact: () => Promise<string[]>,
): Promise<string[]> {
  const firings: Firing[] = [];
  const problems: string[] = [];
  const underLoad = faults.filter((fault) => !MONEY.includes(fault));
  const crowd = await Crowd.gather({ ...lab, random: new Random(1), patients: PATIENTS, thinkMs: THINK_MS });
  crowd.countIn(new CallStats());
  await crowd.during(async () => {
    await beRefused(lab);
    await delay(CALM_MS);
    problems.push(...(await checkIntact()));
    for (const fault of underLoad) firings.push(...(await fire(lab, fault, log)));
    await delay(CALM_MS);
  });
  crowd.close();
  for (const fault of faults) if (MONEY.includes(fault)) firings.push(...(await fire(lab, fault, log)));
  await log.untilEnded(firings);
  for (const { alert, fault, firedAfterMs, endedAfterMs } of firings) {
    const after = (ms: number | undefined) =>
      ms === undefined ? "never" : `after ${Math.round(ms / 1000)} s`;
    report(`${alert.padEnd(28)} fired ${after(firedAfterMs)}, ended ${after(endedAfterMs)}: ${fault}`);
  }
  for (const { alert, fault, firedAfterMs, endedAfterMs } of firings) {
    if (firedAfterMs === undefined) problems.push(`${alert} did not fire: ${fault}`);
    else if (endedAfterMs === undefined) problems.push(`${alert} did not end: ${fault}`);
  }
  return problems;
}

/** Makes calls that the crowd does not make: without the right to, and over a rate limit. */
async function beRefused({ api }: Lab): Promise<void> {
  const { api: patient } = await signUp(api, "PATIENT");
  await patient.send("GET /v1/admin/users");
  for (let i = 0; i < 2 * SEARCHES; i++) await patient.send("GET /v1/doctors");
}

async function fire(lab: Lab, fault: AlertFault, log: AlertLog): Promise<Firing[]> {
  await log.untilQuiet(fault.alerts);
  const firings = log.watch(fault);
  report(`${fault.name} …`);
  const end = await fault.begin(lab);
  await log.untilFired(firings);
  for (const { alert, firedAfterMs } of firings)
    report(`${alert}: ${firedAfterMs === undefined ? "does not fire" : "fires"}`);
  await end();
  for (const firing of firings) firing.undoneAtMs = Date.now();
  return firings;
}

/** Alerts for which there is neither a fault here nor a test of promtool. */
function untried(faults: readonly AlertFault[]): string[] {
  if (faults.length < OUTAGES.length + FORGERIES.length + MONEY.length) return [];
  const tried = new Set([...faults.flatMap(({ alerts }) => alerts), ...BY_PROMTOOL]);
  return rulesOf(readRules())
    .filter(({ alert, for: wait = "0s" }) => alert && secondsOf(wait) <= LONGEST_FOR_S)
    .flatMap(({ alert }) => (tried.has(alert!) ? [] : `no fault fires ${alert}`));
}
