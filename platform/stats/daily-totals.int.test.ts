import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { asAnother } from "../testing/interleaving.ts";
import { rowsRead } from "../testing/rows-read.ts";
import { startTestService, type TestService } from "../testing/test-service.ts";
import type { DailyCount } from "./daily-counts.ts";
import { count, foldAdditions, readDailyTotals } from "./daily-totals-store.ts";
import { datesUpTo } from "./utc-days.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService("billing");
});
afterAll(() => service.close());
beforeEach(async () => {
  await service.db.write("DELETE FROM daily_totals");
  await service.db.write("DELETE FROM daily_additions");
});

const DAY = "2030-01-31";
const TIME = new Date(`${DAY}T23:59:59.999Z`);
const CREATED: DailyCount = { figure: "BOOKINGS_CREATED", time: TIME };
const captured = (amount: number): DailyCount => ({
  figure: "AMOUNT_CAPTURED",
  label: "EUR",
  amount,
  time: TIME,
});

const commit = (...counts: DailyCount[]) => service.db.transaction(async (tx) => count(tx, counts));
const totals = async () =>
  (await readDailyTotals(service.db, DAY, DAY)).map(({ figure, total }) => [figure, total]);
const additionsLeft = async () => await service.db.read("SELECT seq FROM daily_additions");

test("a figure is the same before, between and after folds", async () => {
  await commit(CREATED, captured(500));
  expect(await totals()).toEqual([
    ["AMOUNT_CAPTURED", 500],
    ["BOOKINGS_CREATED", 1],
  ]);
  expect(await foldAdditions(service.db)).toBe(false);
  expect(await additionsLeft()).toEqual([]);
  await commit(captured(-200), CREATED);
  const both = [
    ["AMOUNT_CAPTURED", 300],
    ["BOOKINGS_CREATED", 2],
  ];
  expect(await totals()).toEqual(both);
  await foldAdditions(service.db);
  expect(await totals()).toEqual(both);
});

test("a change that is rolled back is not counted, and a fold does not wait for it", async () => {
  await commit(CREATED);
  const rolledBack = service.db.transaction(async (tx) => {
    count(tx, [CREATED]);
    await tx.read("SELECT 1");
    await asAnother(foldAdditions, service.db);
    throw new Error("refused");
  });
  await expect(rolledBack).rejects.toThrow("refused");
  expect(await additionsLeft()).toEqual([]);
  expect(await totals()).toEqual([["BOOKINGS_CREATED", 1]]);
});

test("an addition that commits after younger ones were folded is counted, too", async () => {
  await service.db.transaction(async (tx) => {
    count(tx, [CREATED]);
    await tx.read("SELECT 1");
    await asAnother(commit, CREATED);
    await asAnother(foldAdditions, service.db);
    expect(await asAnother(totals)).toEqual([["BOOKINGS_CREATED", 1]]);
  });
  await foldAdditions(service.db);
  expect(await totals()).toEqual([["BOOKINGS_CREATED", 2]]);
});

test("a fold that fails leaves each addition to the next one", async () => {
  await commit(CREATED);
  await commit(CREATED);
  // Any statement of the fold after the totals were written; the job dies before its commit.
  await service.db.write(
    "CREATE TRIGGER no_delete BEFORE DELETE ON daily_additions FOR EACH ROW SIGNAL SQLSTATE '45000'",
  );
  await expect(foldAdditions(service.db)).rejects.toThrow();
  await service.db.write("DROP TRIGGER no_delete");
  expect(await totals()).toEqual([["BOOKINGS_CREATED", 2]]);
  await foldAdditions(service.db);
  expect(await totals()).toEqual([["BOOKINGS_CREATED", 2]]);
});

test("concurrent changes, folds and reads lose and repeat nothing", async () => {
  const CHANGES = 2500;
  let isDone = false;
  const changes = Promise.all(
    Array.from({ length: CHANGES }, (_, i) => commit(CREATED, captured(i))),
  ).finally(() => {
    isDone = true;
  });
  const untilDone = async (work: () => Promise<unknown>) => {
    while (!isDone) await work();
  };
  const seen: number[] = [];
  const read = async () => {
    const found = Object.fromEntries(await totals());
    seen.push(found.BOOKINGS_CREATED ?? 0);
  };
  await Promise.all([
    changes,
    ...Array.from({ length: 3 }, () => untilDone(() => foldAdditions(service.db))),
    untilDone(read),
  ]);
  // A read that met a fold half-way would show less than an earlier read.
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  const expected = [
    ["AMOUNT_CAPTURED", (CHANGES * (CHANGES - 1)) / 2],
    ["BOOKINGS_CREATED", CHANGES],
  ];
  expect(await totals()).toEqual(expected);
  while (await foldAdditions(service.db));
  expect(await additionsLeft()).toEqual([]);
  expect(await totals()).toEqual(expected);
});

test("a year costs reads of its own days only", async () => {
  const dates = datesUpTo(DAY, 3000);
  const days = dates.map((date) => ({ ...CREATED, time: new Date(date) }));
  await commit(...days);
  while (await foldAdditions(service.db));
  await service.db.write("ANALYZE TABLE daily_totals");
  const rows = await rowsRead(service.db, "scan", () => readDailyTotals(service.db, dates.at(-366)!, DAY));
  // Each total is read from the table, written to the union, read again, and sorted.
  expect(rows).toBeLessThan(5 * 366);
});
