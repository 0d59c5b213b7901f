import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { DASHBOARDS } from "@medconnect/deploy/observability/dashboards/source/all.ts";
import type { AlertFault } from "./alert-faults/lab.ts";
import type { Prometheus, Targets } from "./prometheus/prometheus.ts";
import { FOLDER, readRules, rulesOf, withoutLimits } from "./prometheus/rules.ts";

/** Limit of a scrape of the gateway without compression, in bytes. */
const GATEWAY_BYTES = 100_000;
/** Window that Grafana would choose at a scrape each second. */
const RATE_INTERVAL = "5s";

type Report = (text: string) => void;

/**
 * Runs promtool on the configuration and the rules, and on the tests of alerts that wait or look back for long.
 *
 * @returns the findings
 */
export function checkRules(promtool: string): string[] {
  const tests = globSync("tests/*.test.yml", { cwd: FOLDER });
  return [
    ["check", "config", "prometheus.yml"],
    ["check", "rules", "--lint-fatal", "alerts.yml", "slo.yml"],
    ["test", "rules", ...tests],
  ].flatMap((args) => {
    const { status, stdout, stderr } = spawnSync(promtool, args, { cwd: FOLDER, encoding: "utf8" });
    return status === 0 ? [] : `promtool ${args.join(" ")}: ${stdout}${stderr}`;
  });
}

/**
 * Runs promtool on the metrics of each process, and measures them.
 *
 * @returns the findings
 */
export async function checkMetrics(promtool: string, targets: Targets, report: Report): Promise<string[]> {
  const problems: string[] = [];
  for (const [name, port] of Object.entries(targets)) {
    const url = `http://127.0.0.1:${port}/metrics`;
    const text = (await bodyOf(url, "identity")).toString();
    const sent = await bodyOf(url, "gzip");
    const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], {
      input: text,
      encoding: "utf8",
    });
    if (status !== 0) problems.push(`promtool check metrics, ${name}: ${stdout}${stderr}`);
    if (name === "gateway" && text.length > GATEWAY_BYTES)
      problems.push(`a scrape of the gateway has ${text.length} bytes`);
    report(`${name}: a scrape has ${text.length} bytes, ${sent.length} with gzip`);
  }
  return problems;
}

/** Body as it is sent, which fetch would decompress. */
async function bodyOf(url: string, encoding: string): Promise<Buffer> {
  const [response] = await once(get(url, { headers: { "accept-encoding": encoding } }), "response");
  return await buffer(response as IncomingMessage);
}

/** Finds the queries of dashboards and the expressions of alerts that returned no data since a time. */
export async function emptyQueries(
  prometheus: Prometheus,
  sinceMs: number,
  faults: readonly AlertFault[],
  report: Report,
): Promise<string[]> {
  const problems: string[] = [];
  let panels = 0;
  for (const [file, { rows }] of Object.entries(DASHBOARDS)) {
    for (const { title, queries } of rows.flatMap((row) => row.panels)) {
      panels += 1;
      for (const { expr, legend } of queries) {
        const query = expr.replaceAll("$__rate_interval", RATE_INTERVAL);
        if (!(await hasData(prometheus, query, sinceMs)))
          problems.push(`${file}: no data in "${title}", ${legend}`);
      }
    }
  }
  const provoked = new Set(faults.flatMap(({ alerts }) => alerts));
  const alerts = rulesOf(readRules()).filter(({ alert }) => alert);
  const empty: string[] = [];
  for (const { alert, expr } of alerts)
    if (!(await hasData(prometheus, withoutLimits(expr), sinceMs))) empty.push(alert!);
  report(`${panels} panels in ${Object.keys(DASHBOARDS).length} dashboards, ${alerts.length} alerts`);
  report(`alerts without data, because their fault has not happened: ${empty.join(", ") || "none"}`);
  return [
    ...problems,
    ...empty.filter((alert) => provoked.has(alert)).map((alert) => `no data for ${alert}`),
  ];
}

async function hasData(prometheus: Prometheus, query: string, sinceMs: number): Promise<boolean> {
  const series = await prometheus.range(query, sinceMs);
  return series.some(({ values }) => values.some(([, value]) => value !== "NaN"));
}
