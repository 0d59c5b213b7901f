import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "@jest/globals";
import { DASHBOARDS } from "@medconnect/deploy/observability/dashboards/source/all.ts";
import { parseYaml } from "@redocly/openapi-core";
import { FOLDER, type Rule, readRules, rulesOf } from "./prometheus/rules.ts";
import { type Sample, scrapeAll } from "./scrape.ts";

const ROOT = join(import.meta.dirname, "../..");
const rules = rulesOf(readRules());
const nameOf = ({ alert, record }: Rule): string => alert ?? record!;

/** Metrics that only Prometheus knows: `up`, and the results of recording rules. */
const ITS_OWN = new Set(["up", ...rules.flatMap(({ record }) => record ?? [])]);
const ITS_LABELS = new Set(["job", "instance", "service", "le"]);
const WORDS = new Set([
  "and",
  "or",
  "unless",
  "on",
  "ignoring",
  "group_left",
  "group_right",
  "bool",
  "offset",
]);

/** Names of the metrics in an expression of PromQL, Prometheus's query language. */
const metricsIn = (expr: string): string[] =>
  [
    ...expr
      .replaceAll(/"(?:[^"\\]|\\.)*"/g, "")
      .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, "")
      .replaceAll(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, "")
      .matchAll(/(?<![\w:.])[a-zA-Z_:][\w:]*(?![\w:]|\s*\()/g),
  ]
    .map(([name]) => name)
    .filter((name) => !WORDS.has(name));

/** Returns each label and value by which the expression selects series, with the name of the metric. */
const selectorsIn = (expr: string): { metric: string; label: string; value: string }[] =>
  [...expr.matchAll(/([\w:]+)\{([^}]*)\}/g)].flatMap(([, metric, matchers]) =>
    [...matchers!.matchAll(/(\w+)\s*[=!]~?\s*"([^"]*)"/g)].map(([, label, value]) => ({
      metric: metric!,
      label: label!,
      // PromQL's strings have escapes.
      value: value!.replaceAll("\\\\", "\\"),
    })),
  );

const SUFFIXES: Record<string, string[]> = {
  counter: ["_total"],
  gauge: [""],
  gaugeInSeconds: ["_seconds"],
  gaugeInBytes: ["_bytes"],
  totalSeconds: ["_seconds_total"],
  lastRun: ["_timestamp_seconds"],
  durations: ["_seconds_bucket", "_seconds_count", "_seconds_sum"],
};

const sources = globSync(["{platform,services,gateway}/**/*.ts", "proto/medconnect/**/*.proto"], {
  cwd: ROOT,
  exclude: (path) => /node_modules|\.test\.ts$/.test(path),
}).map((file) => readFileSync(join(ROOT, file), "utf8"));

/** Metrics that the source code declares. Some of them are exported only after their first event. */
const declared = new Set(
  sources.flatMap((source) =>
    [
      ...source.matchAll(
        /\b(counter|gauge|gaugeInSeconds|gaugeInBytes|totalSeconds|durations|lastRun)\(\s*"([\w.]+)"/g,
      ),
    ].flatMap(([, kind, name]) => SUFFIXES[kind!]!.map((suffix) => name!.replaceAll(".", "_") + suffix)),
  ),
);

let told: Sample[];
beforeAll(async () => {
  told = Object.values(await scrapeAll()).flat();
});

test("the processes expose only metrics that their code declares", () => {
  const names = new Set(told.map(({ name }) => name));
  expect(names).toContain("db_client_connections");
  // The OpenTelemetry library adds this metric.
  names.delete("target_info");
  expect([...names].filter((name) => !declared.has(name))).toEqual([]);
});

test("Prometheus loads the alerts", () => {
  const config = parseYaml(readFileSync(join(FOLDER, "prometheus.yml"), "utf8"));
  expect((config as { rule_files: string[] }).rule_files).toEqual(["alerts.yml", "slo.yml"]);
  expect(rules.length).toBeGreaterThan(15);
  expect(new Set(rules.map(nameOf)).size).toBe(rules.length);
});

/** Queries of the dashboards, by dashboard, panel and legend. */
const queries = Object.entries(DASHBOARDS).flatMap(([name, { rows }]) =>
  rows.flatMap(({ panels }) =>
    panels.flatMap((panel) =>
      panel.queries.map(({ expr, legend }) => [`${name}: ${panel.title}, ${legend}`, expr] as const),
    ),
  ),
);

test.each([...rules.map((rule) => [nameOf(rule), rule.expr] as const), ...queries])(
  "%s uses existing metrics",
  (_, expr) => {
    const metrics = metricsIn(expr);
    expect(metrics).not.toEqual([]);
    expect(metrics.filter((name) => !declared.has(name) && !ITS_OWN.has(name))).toEqual([]);
    for (const { metric, label } of selectorsIn(expr)) {
      const labels = new Set(
        told.filter(({ name }) => name === metric).flatMap((sample) => Object.keys(sample.labels)),
      );
      if (labels.size > 0) expect([...labels, ...ITS_LABELS]).toContain(label);
    }
  },
);

test("alerts and dashboards select by values that the code uses", () => {
  const exprs = [...rules.map(({ expr }) => expr), ...queries.map(([, expr]) => expr)];
  const selected = exprs.flatMap((expr) => selectorsIn(expr));
  const values = selected.filter(({ label }) => !ITS_LABELS.has(label)).map(({ value }) => value);
  expect(values).toContain("CONSULTATION_NOT_CLOSED");
  const isKnown = (value: string) =>
    sources.some((source) => new RegExp(`(?<!\\w)${value}(?!\\w)`).test(source));
  expect(values.filter((value) => !isKnown(value))).toEqual([]);
});

test("consultations that nobody closed have their own alert, and are no disagreements", () => {
  const selectorsOf = (alert: string) =>
    rules.find((rule) => rule.alert === alert)!.expr.match(/(?<=reconciliation_disagreements_total\{)[^}]*/g);
  expect(selectorsOf("ConsultationsNotClosed")).toEqual(['kind="CONSULTATION_NOT_CLOSED"']);
  const others = 'kind!="CONSULTATION_NOT_CLOSED",repaired="false"';
  expect(selectorsOf("BookingsDisagree")).toEqual([others, others, others]);
});

test("alerts on single events fire on the first one", () => {
  const single = rules.filter(({ expr }) => /increase\(/.test(expr));
  expect(single.map(nameOf)).toContain("GlassBroken");
  for (const { expr } of single) {
    const [, selector, range] = /increase\((\S+)\[(\w+)\]\)/.exec(expr)!;
    expect(expr.replaceAll(/\s+/g, " ")).toContain(`(${selector} unless ${selector} offset ${range}) > 0`);
  }
});

test("every periodic check has an alert for its absence, and the ledger's also for violations", () => {
  const runs = [...declared].filter((name) => name.endsWith("_last_run_timestamp_seconds"));
  expect(runs).toEqual(
    expect.arrayContaining([
      "ledger_last_run_timestamp_seconds",
      "reconciliation_last_run_timestamp_seconds",
    ]),
  );
  const asked = rules.map(({ expr }) => expr);
  for (const name of runs) expect(asked).toContain(`time() - max(max_over_time(${name}[1h])) > 1800`);
  expect(asked).toContain("max by (check) (ledger_violations) > 0");
});

test("every alert has a severity and a summary", () => {
  for (const { alert, labels, annotations } of rules.filter((rule) => rule.alert)) {
    expect({ alert, severity: labels?.severity }).toEqual({
      alert,
      severity: expect.stringMatching(/^(page|ticket)$/),
    });
    expect(annotations?.summary).toMatch(/\w/);
  }
});
