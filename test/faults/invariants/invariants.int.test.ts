import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ALWAYS } from "./always.ts";
import { BROKEN_ROWS } from "./broken-rows.ts";
import { EmptySchemas } from "./empty-schemas.ts";
import { audited, inMs, MINUTE_MS, type Row } from "./rows.ts";
import type { Rule } from "./schemas.ts";
import { SETTLED } from "./settled.ts";

const RULES = [...ALWAYS, ...SETTLED];
let empty: EmptySchemas;

beforeAll(async () => {
  empty = await EmptySchemas.make();
});
afterAll(() => empty.drop());

const DONE_TWICE = / was done twice$/;

function brokenRowsOf({ name, sql }: Rule): readonly (readonly Row[])[] {
  if (!DONE_TWICE.test(name)) return BROKEN_ROWS[name]!;
  const [, service] = /FROM (\w+)\.audit_events/.exec(sql)!;
  const action = name.replace(DONE_TWICE, "");
  return [[audited(service!, action, "things/1"), audited(service!, action, "things/1")]];
}

test("rows exist that break each invariant", () => {
  const tables = Object.keys(BROKEN_ROWS);
  const names = RULES.map(({ name }) => name).filter((name) => !DONE_TWICE.test(name));
  expect(tables.toSorted()).toEqual(names.toSorted());
});

test("empty schemas break no invariant", async () => {
  expect(await empty.schemas.broken(RULES)).toEqual([]);
});

test.each(RULES.map((rule) => [rule.name, rule] as const))("reports: %s", async (name, rule) => {
  for (const rows of brokenRowsOf(rule)) {
    expect(await empty.withRows(rows, (schemas) => schemas.broken([rule]))).toEqual([
      expect.stringContaining(`${name}: `),
    ]);
  }
});

test("a payment refused before the hold's end starts no cooldown", async () => {
  const COOLDOWN = "a slot was held again by its patient within the cooldown";
  const [rows] = BROKEN_ROWS[COOLDOWN]!;
  const refused = audited("scheduling", "booking.refuse_payment", "bookings/b1", inMs(-20 * MINUTE_MS));
  const rules = RULES.filter(({ name }) => name === COOLDOWN);
  expect(await empty.withRows([...rows!, refused], (schemas) => schemas.broken(rules))).toEqual([]);
  const late = audited("scheduling", "booking.refuse_payment", "bookings/b1", inMs(-10 * MINUTE_MS));
  expect(await empty.withRows([...rows!, late], (schemas) => schemas.broken(rules))).toHaveLength(1);
});
