import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { connectAdmin } from "@medconnect/deploy/admin-connection.ts";
import { provision, SERVICES } from "@medconnect/deploy/provision.ts";
import type { Doctor } from "../doctor.ts";
import type { Registrar } from "../registrar.ts";
import { unacknowledgedLicenses } from "./acknowledged-licenses.ts";
import { ALWAYS } from "./always.ts";
import { audited, BROKEN_ROWS, type Row } from "./broken-rows.ts";
import { type Rule, Schemas } from "./schemas.ts";
import { SETTLED } from "./settled.ts";

const RULES = [...ALWAYS, ...SETTLED];
const mysqlUrl = process.env.MYSQL_URL!;
const prefix = `inv${process.pid}_`;
let schemas: Schemas;

/** Empty schemas, without processes, and without the key and the SQL mode that refuse broken rows. */
beforeAll(async () => {
  await provision({
    adminUrl: mysqlUrl,
    prefix,
    passwords: { auth: "x", scheduling: "x", clinical: "x", billing: "x" },
  });
  schemas = await Schemas.open(mysqlUrl, prefix);
  await schemas.rows("SET sql_mode = ''");
  await schemas.rows("ALTER TABLE scheduling.bookings DROP KEY one_live_booking_a_slot");
});
afterAll(async () => {
  await schemas.close();
  const admin = await connectAdmin(mysqlUrl);
  for (const service of SERVICES) await admin.query(`DROP DATABASE ${prefix}${service}`);
  for (const service of SERVICES) await admin.query(`DROP USER ${prefix}${service}`);
  await admin.end();
});

/** Runs `look` while the rows are in the tables. */
async function withRows<T>(rows: readonly Row[], look: () => Promise<T>): Promise<T> {
  await schemas.rows("START TRANSACTION");
  try {
    for (const [table, columns] of rows) await schemas.insert(table, columns);
    return await look();
  } finally {
    await schemas.rows("ROLLBACK");
  }
}

const DONE_TWICE = / was done twice$/;

function brokenRowsOf({ name, sql }: Rule): readonly (readonly Row[])[] {
  if (!DONE_TWICE.test(name)) return BROKEN_ROWS[name]!;
  const [, service] = /FROM (\w+)\.audit_events/.exec(sql)!;
  const action = name.replace(DONE_TWICE, "");
  return [[audited(service!, action, "things/1"), audited(service!, action, "things/1")]];
}

test("every invariant has rows that break it", () => {
  const tables = Object.keys(BROKEN_ROWS);
  const names = RULES.map(({ name }) => name).filter((name) => !DONE_TWICE.test(name));
  expect(tables.toSorted()).toEqual(names.toSorted());
});

test("no invariant is broken where nothing is", async () => {
  expect(await schemas.broken(RULES)).toEqual([]);
});

test.each(RULES.map((rule) => [rule.name, rule] as const))("is found: %s", async (name, rule) => {
  for (const rows of brokenRowsOf(rule)) {
    expect(await withRows(rows, () => schemas.broken([rule]))).toEqual([
      expect.stringContaining(`${name}: `),
    ]);
  }
});

describe("an acknowledged decision or prescription", () => {
  const registrar = { decisions: new Map([["l", "REVOKED"]]) } as unknown as Registrar;
  const doctors = [{ prescriptions: new Set(["x"]) }] as unknown as Doctor[];
  const license = (status: string): Row => ["scheduling.licenses", { id: "l", doctor_id: "d", status }];
  const found = (...rows: Row[]) => withRows(rows, () => unacknowledgedLicenses(schemas, registrar, doctors));

  test("that is gone, or another, is found", async () => {
    expect(await found()).toEqual([
      "licence l was REVOKED and is undefined",
      "acknowledged prescription x is lost",
    ]);
    expect(await found(license("VERIFIED"))).toContain("licence l was REVOKED and is VERIFIED");
    expect(await found(license("REVOKED"), ["clinical.prescriptions", { id: "x" }])).toEqual([]);
  });
});
