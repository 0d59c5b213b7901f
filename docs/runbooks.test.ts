import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { FAULT, SEARCH } from "@medconnect/test/observability/drill/fault.ts";
import { parseYaml } from "@redocly/openapi-core";
import manifest from "../package.json" with { type: "json" };

const ROOT = join(import.meta.dirname, "..");
const OBSERVABILITY = join(ROOT, "deploy/observability");
const PARTS = ["Users", "Look", "Do", "Wake"];

interface Rule {
  alert?: string;
  labels?: { severity: string };
  annotations?: { runbook_url?: string; summary: string };
}

const read = (path: string) => readFileSync(path, "utf8");
const alerts = ["alerts.yml", "slo.yml"]
  .flatMap((file) => (parseYaml(read(join(OBSERVABILITY, file))) as { groups: { rules: Rule[] }[] }).groups)
  .flatMap(({ rules }) => rules.filter(({ alert }) => alert));

const page = read(join(ROOT, "docs/runbooks.md"));
/** Text of each section about an alert, by its heading. */
const sections = new Map(
  page
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf("\n")), section.replace(/^## .*/ms, "")]),
);

test("each alert has a section, and each section an alert", () => {
  expect([...sections.keys()].toSorted()).toEqual(alerts.map(({ alert }) => alert!).toSorted());
});

test.each(alerts.map((rule) => [rule.alert!, rule] as const))("%s links to its section", (alert, rule) => {
  expect(rule.annotations?.runbook_url).toBe(`docs/runbooks.md#${alert.toLowerCase()}`);
});

test.each([...sections])("the section of %s says all that a runbook must", (alert, section) => {
  expect([...section.matchAll(/^- \*\*(\w+)\*\*: ./gm)].map(([, part]) => part)).toEqual(PARTS);
  const severity = alerts.find((rule) => rule.alert === alert)?.labels?.severity;
  expect(section).toMatch(new RegExp(`^- \\*\\*Wake\\*\\*: ${severity}[.;]`, "m"));
});

test("the commands of the page exist", () => {
  const named = [...page.matchAll(/`npm run ([\w:]+)/g)].map(([, name]) => name!);
  expect(named).toContain("reconcile");
  expect(named.filter((name) => !(name in manifest.scripts))).toEqual([]);
});

test("the panels of the page exist", () => {
  const titles = ["audit", "bookings", "database", "events", "processes", "requests"].flatMap((name) =>
    JSON.parse(read(join(OBSERVABILITY, "dashboards", `${name}.json`))).panels.map(
      ({ title }: { title: string }) => title,
    ),
  );
  const named = [...page.matchAll(/(?<!\*)\*([^*\n]+)\*(?!\*)/g)].map(([, title]) => title!);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((title) => !titles.includes(title))).toEqual([]);
});

test("the page names no other alerts", () => {
  const known = new Set(sections.keys());
  const shaped = [...page.matchAll(/(?<![\w`/*.{-])(?:[A-Z][a-z]+){2,}(?![\w`])/g)].map(([name]) => name);
  const others = shaped.filter((name) => !known.has(name) && !["SearchDoctors"].includes(name));
  expect(shaped).toContain("ProcessDown");
  expect(others.filter((name) => !/^(MySQL|MedConnect)$/.test(name))).toEqual([]);
});

describe("the drill", () => {
  const drill = page.slice(page.indexOf("\n## A drill\n"));

  test("takes four steps", () => {
    expect([...drill.matchAll(/^\*\*(\d)\. /gm)].map(([, step]) => step)).toEqual(["1", "2", "3", "4"]);
  });

  test("has the fault and the search of npm run drill", () => {
    expect(drill).toContain(`by ${FAULT.latencyMs} ms`);
    expect(drill).toContain(`route \`${SEARCH.route}\` and at least ${SEARCH.minMs} ms`);
    expect(drill).toContain(`--route ${SEARCH.route} --min-ms ${SEARCH.minMs}`);
  });

  test.each(FAULT.alerts)("shows %s as Prometheus does", (alert) => {
    const { summary } = alerts.find((rule) => rule.alert === alert)!.annotations!;
    const texts = summary.split(/\{\{.*?\}\}/).map((text) => text.replace(/[/.]/g, "\\$&"));
    expect(drill).toMatch(
      new RegExp(`^1\\. ${alert} \\(\\w+\\): ${texts.join("\\S+")}; docs/runbooks\\.md#`, "m"),
    );
    expect(drill).toMatch(new RegExp(`^${alert} fired after \\d+ s, and ended after \\d+ s\\.$`, "m"));
  });
});
