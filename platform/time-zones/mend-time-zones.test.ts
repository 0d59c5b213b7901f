import { expect, test } from "@jest/globals";
import pino from "pino";
import { canonicalTimeZone } from "./canonical-time-zone.ts";
import { ABBREVIATIONS, legacyTimeZone } from "./legacy-time-zone.ts";
import { mendTimeZones, type TimeZoneRow } from "./mend-time-zones.ts";

const log = pino({ level: "silent" });
const notAborted = new AbortController().signal;

test.each([
  ["Asia/Calcutta", "Asia/Kolkata"],
  ["america/new_york", "America/New_York"],
  ["Europe/Oslo", "Europe/Oslo"],
  ["EST", "America/Panama"],
  ["est5edt", "America/New_York"],
  ["GMT", "UTC"],
  ["Etc/GMT", "UTC"],
  ["Etc/GMT-0", "UTC"],
  ["Etc/UTC", "UTC"],
  ["+00:00", "UTC"],
  ["-00", "UTC"],
  ["+01:00", undefined],
  ["+0530", undefined],
  ["Etc/GMT-1", undefined],
  ["Mars/Olympus", undefined],
  ["", undefined],
])("the stored zone %j means %s", (name, zone) => {
  expect(legacyTimeZone(name)).toBe(zone);
});

test.each(Object.entries(ABBREVIATIONS))("%s is a link to %s, which input accepts", (name, zone) => {
  expect(new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone).toBe(zone);
  expect(canonicalTimeZone(zone)).toBe(zone);
});

/** A table in memory with 1,200 rows, two of which are not in canonical form. */
function rowsInMemory() {
  const ids = Array.from({ length: 1200 }, (_, i) => String(i).padStart(4, "0"));
  const rows = new Map(ids.map((id) => [id, "Europe/Berlin"]));
  rows.set("0003", "EST").set("1100", "+01:00");
  const replaced: string[] = [];
  let reads = 0;
  return {
    rows,
    replaced,
    readCount: () => reads,
    read: async (afterId: string, limit: number) => {
      reads += 1;
      if (reads === 2) throw new Error("the database is away");
      const found = [...rows].filter(([id]) => id > afterId).slice(0, limit);
      return found.map(([id, time_zone]): TimeZoneRow => ({ id, time_zone }));
    },
    replace: async ({ id }: TimeZoneRow, zone: string) => {
      replaced.push(id);
      rows.set(id, zone);
    },
    fallback: "UTC",
  };
}

test("rows are mended in batches, once each, and a pass that fails goes on where it was", async () => {
  const table = rowsInMemory();
  const mend = mendTimeZones(table, log);
  await expect(mend(notAborted)).rejects.toThrow("the database is away");
  await mend(notAborted);
  expect(table.replaced).toEqual(["0003", "1100"]);
  expect([table.rows.get("0003"), table.rows.get("1100")]).toEqual(["America/Panama", "UTC"]);
  const reads = table.readCount();
  expect(reads).toBe(4);
  await mend(notAborted);
  expect(table.readCount()).toBe(reads);
  await mendTimeZones(table, log)(notAborted);
  expect(table.replaced).toHaveLength(2);
});
