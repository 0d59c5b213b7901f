// `npm run drill`: slows billing's database in a running system, and leads from the alert to the SQL statement.
import { rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Server } from "@medconnect/dev/engines/server.ts";
import { freePort } from "@medconnect/dev/stack/ports.ts";
import { STACK_STEPS, startStack } from "@medconnect/dev/stack/stack.ts";
import { terminalProgress } from "@medconnect/dev/terminal/progress.ts";
import { aborted, stopSignal } from "@medconnect/dev/terminal/stop-signal.ts";
import { runCommand } from "@medconnect/ops/command/command.ts";
import { PROCESSES } from "@medconnect/topology/services.ts";
import { CallStats } from "../../faults/call-stats.ts";
import { Crowd } from "../../faults/crowd.ts";
import { Random } from "../../faults/random.ts";
import { SCHEMA_PREFIX, SETTINGS, System } from "../../faults/system.ts";
import { CLEAR, type TcpProxy } from "../../faults/tcp-proxy.ts";
import { findChromium } from "../../support/chromium.ts";
import { licenseAt } from "../../support/licensing.ts";
import { linkToMysql } from "../alert-faults/lab.ts";
import { AlertLog } from "../alert-log.ts";
import { DashboardServer } from "../dashboards-page/dashboard-server.ts";
import { Prometheus } from "../prometheus/prometheus.ts";
import { readRules, shortened } from "../prometheus/rules.ts";
import { findPrometheus, type PrometheusTools } from "../prometheus/tools.ts";
import { FAULT, searchUrl } from "./fault.ts";
import { Pictures } from "./pictures.ts";
import { usage } from "./run.usage.mjs";
import { type SlowStatement, slowStatement } from "./slow-statement.ts";

/** Factor by which all durations of the rules are divided. */
const FACTOR = 20;
const PATIENTS = 10;
/** So long that the pages of traces keep a trace for half a minute, in which a reader opens it. */
const THINK_MS = 3000;
/** Time with load before the fault, so that the dashboards show the difference. */
const CALM_MS = 120_000;
/** Intervals of checks whose alerts would fire in a system that has just started. */
const EARLY_CHECKS = { METRICS_SAMPLE_EVERY: "1s", LEDGER_CHECK_EVERY: "10s", RECONCILE_EVERY: "10s" };

const report = (text: string) => process.stdout.write(`${text}\n`);

interface Drill {
  traces: string;
  link: TcpProxy;
  prometheus: Prometheus;
  dashboards: DashboardServer;
}

runCommand({
  ...usage,
  run: async ({ screenshots }) => {
    const tools = await findPrometheus();
    const browser = screenshots ? findChromium() : undefined;
    if (!tools || (screenshots && !browser)) return 0;
    const folder = await mkdtemp(join(tmpdir(), "medconnect-drill-"));
    const pictures = browser ? new Pictures(browser) : undefined;
    const problems = await run(tools, folder, pictures);
    for (const problem of problems) report(`PROBLEM: ${problem}`);
    rmSync(folder, { recursive: true, force: true });
    return problems.length === 0 ? 0 : 1;
  },
});

/** @returns everything that is not as docs/runbooks.md tells it */
async function run(tools: PrometheusTools, folder: string, pictures?: Pictures): Promise<string[]> {
  const stop = () => {
    Server.killAll();
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  const signal = stopSignal(stop);
  signal.addEventListener("abort", stop);
  const stack = await startStack({
    dataDir: join(folder, "stack"),
    schemaPrefix: SCHEMA_PREFIX,
    env: { ...SETTINGS, ...EARLY_CHECKS },
    durable: false,
    mtls: true,
    tracesPort: await freePort(),
    progress: terminalProgress(STACK_STEPS),
  });
  licenseAt(stack, SCHEMA_PREFIX);
  const link = await linkToMysql(stack, "billing");
  await mkdir(join(folder, "prometheus"));
  const targets = Object.fromEntries(PROCESSES.map((name) => [name, stack.ports[name].metricsPort]));
  const rules = shortened(readRules(), FACTOR, 1);
  const prometheus = await Prometheus.start(tools.prometheus, join(folder, "prometheus"), rules, targets);
  const dashboards = await DashboardServer.start(prometheus);
  const system = new System(stack, []);
  const crowd = await Crowd.gather({ system, random: new Random(1), patients: PATIENTS, thinkMs: THINK_MS });
  crowd.countIn(new CallStats());
  const drill = { traces: stack.urls.traces!, link, prometheus, dashboards };
  try {
    return await crowd.during(() => play(drill, pictures, untilStopped));
  } finally {
    crowd.close();
    dashboards.stop();
    await prometheus.stop();
    await stack.stop();
  }

  /** Lets a reader follow the steps until Ctrl-C. */
  async function untilStopped(): Promise<void> {
    signal.removeEventListener("abort", stop);
    await aborted(signal);
  }
}

/** Begins the fault, waits for its alerts, ends it, and waits for the end of the alerts. */
async function play(
  drill: Drill,
  pictures: Pictures | undefined,
  untilStopped: () => Promise<void>,
): Promise<string[]> {
  const { link, prometheus, dashboards, traces } = drill;
  const log = new AlertLog(prometheus);
  report(`Load, and no fault, for ${CALM_MS / 1000} s. Dashboards: ${dashboards.url}`);
  await delay(CALM_MS);
  if (pictures) report(await pictures.ofDashboards(dashboards.url));
  const firings = log.watch(FAULT);
  link.weather = { kind: "open", latencyMs: FAULT.latencyMs / 2 };
  report(`${FAULT.name}.`);
  await log.untilFired(firings);
  const slow = await slowStatement(traces);
  tellSteps(drill, await prometheus.alerts(), slow);
  if (pictures && slow) report(await pictures.ofIncident(dashboards.url, traces, slow));
  else if (!pictures) await untilStopped();
  link.weather = CLEAR;
  for (const firing of firings) firing.undoneAtMs = Date.now();
  await log.untilEnded(firings);
  log.stop();
  const after = (ms: number | undefined) => (ms === undefined ? "never" : `after ${Math.round(ms / 1000)} s`);
  for (const { alert, firedAfterMs, endedAfterMs } of firings)
    report(`${alert} fired ${after(firedAfterMs)}, and ended ${after(endedAfterMs)}.`);
  return [
    ...firings.flatMap(({ alert, firedAfterMs, endedAfterMs }) =>
      endedAfterMs === undefined ? [`${alert} did not ${firedAfterMs === undefined ? "fire" : "end"}`] : [],
    ),
    ...(slow ? [] : ["no trace has a slow statement of billing"]),
  ];
}

/** Prints the steps of docs/runbooks.md with their addresses. */
function tellSteps(
  { dashboards, traces }: Drill,
  alerts: Awaited<ReturnType<Prometheus["alerts"]>>,
  slow: SlowStatement | undefined,
): void {
  for (const { labels, annotations } of alerts)
    report(`1. ${labels.alertname} (${labels.severity}): ${annotations.summary}; ${annotations.runbook_url}`);
  report(`2. Dashboard Database: ${dashboards.url}/database`);
  report(`3. Slow requests: ${searchUrl(traces)}`);
  if (slow) report(`4. A trace: ${traces}/${slow.trace.id}\n   ${slow.durationMs} ms: ${slow.statement}`);
}
