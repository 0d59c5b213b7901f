import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { Ajv } from "ajv";
import { jsonFiles } from "./all.ts";

const FOLDER = join(import.meta.dirname, "..");
const files = [...jsonFiles()];

interface GrafanaPanel {
  id: number;
  type: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: object[];
  options?: object;
  fieldConfig?: { defaults: { custom: object } };
}

const schemaOf = (name: string): object =>
  JSON.parse(readFileSync(join(FOLDER, "schema", `${name}.jsonschema.json`), "utf8"));

// Not strict: Grafana's schemas have keywords of their own and defaults in places that Ajv ignores.
const ajv = new Ajv({ strict: false, logger: false });
ajv.addSchema(schemaOf("timeseries"), "timeseries");
ajv.addSchema(schemaOf("prometheus"), "prometheus");
const isDashboard = ajv.compile(schemaOf("dashboard"));
const validatorOf = (ref: string) => ajv.getSchema(ref) ?? ajv.compile({ $ref: ref });
const isQuery = validatorOf("prometheus#/definitions/Dataquery");
const isOptions = validatorOf("timeseries#/definitions/Options");
const isCurve = validatorOf("timeseries#/definitions/GraphFieldConfig");

const panelsOf = (text: string): GrafanaPanel[] => JSON.parse(text).panels;

/** Errors of Grafana's schemas in the JSON of a dashboard. The first one leaves the parts of a panel open. */
function errorsIn(text: string): unknown[] {
  const dashboard = JSON.parse(text);
  const check = (validate: typeof isDashboard, value: unknown) => (validate(value) ? [] : validate.errors);
  const curves = panelsOf(text).filter(({ type }) => type === "timeseries");
  return [
    check(isDashboard, dashboard),
    ...curves.flatMap(({ targets = [], options, fieldConfig }) => [
      ...targets.map((target) => check(isQuery, target)),
      check(isOptions, options),
      check(isCurve, fieldConfig?.defaults.custom),
    ]),
  ].flatMap((errors) => errors ?? []);
}

test("the committed files are made from their descriptions: npm run dashboards", () => {
  expect(globSync("*.json", { cwd: FOLDER }).toSorted()).toEqual(files.map(([name]) => name).toSorted());
  for (const [name, text] of files) expect(readFileSync(join(FOLDER, name), "utf8")).toBe(text);
});

test.each(files)("%s is valid by Grafana's schemas", (_, text) => {
  expect(errorsIn(text)).toEqual([]);
});

test.each([
  ["a dashboard", '"refresh"', '"refreshes"'],
  ["a panel", '"targets"', '"queries"'],
  ["a query", '"legendFormat"', '"legend"'],
  ["the options of a panel", '"placement": "bottom"', '"placement": "below"'],
  ["a curve", '"showPoints": "never"', '"showPoints": "no"'],
])("the schemas refuse a wrong field of %s", (_, right, wrong) => {
  const [, text] = files[0]!;
  expect(text).toContain(right);
  expect(errorsIn(text.replace(right, wrong))).not.toEqual([]);
});

test.each(files)("panels of %s have ids of their own, and do not overlap", (_, text) => {
  const panels = panelsOf(text);
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_cell, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(panels.every(({ gridPos: { x, w } }) => Number.isInteger(w) && x + w <= 24)).toBe(true);
});

test("dashboards have ids of their own", () => {
  expect(new Set(files.map(([, text]) => JSON.parse(text).uid)).size).toBe(files.length);
});

test("the page on observability shows a picture of each dashboard", () => {
  const page = readFileSync(join(FOLDER, "../README.md"), "utf8");
  const shown = [...page.matchAll(/docs\/images\/dashboard-(\w+)\.webp/g)].map(([, name]) => `${name}.json`);
  expect(shown.toSorted()).toEqual(files.map(([name]) => name).toSorted());
});
