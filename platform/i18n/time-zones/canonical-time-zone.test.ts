import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { canonicalTimeZone } from "./canonical-time-zone.ts";
import { LINKS, TZ_VERSION, ZONES } from "./time-zone-table.ts";

/**
 * Folder of the tzdata of Debian: that of the system, or the one that dev/engines/time-zone-files.sh unpacks.
 */
const DEBIAN = [
  "/usr/share/zoneinfo",
  join(import.meta.dirname, "../../../.local/time-zone-files/root/usr/share/zoneinfo"),
].find((folder) => existsSync(join(folder, "tzdata.zi")));
const zones = ZONES.trim().split(/\s+/);
const links = LINKS.trim()
  .split(/\s+/)
  .map((link) => link.split("=") as [string, string]);

describe("a time zone", () => {
  test.each([
    ["Europe/Oslo", "Europe/Oslo"],
    ["Arctic/Longyearbyen", "Arctic/Longyearbyen"],
    ["Asia/Kolkata", "Asia/Kolkata"],
    ["Asia/Calcutta", "Asia/Kolkata"],
    ["Europe/Kiev", "Europe/Kyiv"],
    ["US/Eastern", "America/New_York"],
    ["Japan", "Asia/Tokyo"],
    ["Iceland", "Atlantic/Reykjavik"],
    ["Pacific/Truk", "Pacific/Chuuk"],
    ["Pacific/Yap", "Pacific/Chuuk"],
    ["Pacific/Ponape", "Pacific/Pohnpei"],
    ["Africa/Asmera", "Africa/Asmara"],
    ["Africa/Timbuktu", "Africa/Bamako"],
    ["America/Coral_Harbour", "America/Atikokan"],
    ["America/Virgin", "America/St_Thomas"],
    ["Antarctica/South_Pole", "Antarctica/McMurdo"],
    ["Atlantic/Jan_Mayen", "Arctic/Longyearbyen"],
    ["america/new_york", "America/New_York"],
    ["AMERICA/PORT-AU-PRINCE", "America/Port-au-Prince"],
    ["asia/calcutta", "Asia/Kolkata"],
    ["UTC", "UTC"],
    ["utc", "UTC"],
    ["Etc/UTC", "UTC"],
    ["Zulu", "UTC"],
  ])("%s becomes %s", (name, kept) => {
    expect(canonicalTimeZone(name)).toBe(kept);
  });

  test.each([
    "",
    "+01:00",
    "-0500",
    "UTC+1",
    "Z",
    "EST",
    "MST",
    "HST",
    "EST5EDT",
    "CST6CDT",
    "PST8PDT",
    "CET",
    "MET",
    "EET",
    "WET",
    "GMT",
    "GMT0",
    "GMT+0",
    "Greenwich",
    "Etc/GMT",
    "Etc/GMT+5",
    "Etc/GMT-14",
    "IST",
    "PST",
    "BST",
    "Factory",
    "localtime",
    "posixrules",
    "posix/Europe/Berlin",
    "right/Europe/Berlin",
    "Mars/Olympus",
    "Europe/Berlin ",
    "Europe",
    "../zone.tab",
    "constructor",
    "__proto__",
  ])("is not %j", (name) => {
    expect(canonicalTimeZone(name)).toBeUndefined();
  });

  test("is stable in its canonical form, and Node knows it", () => {
    for (const kept of new Set([...zones, ...links.map(([, zone]) => zone)])) {
      expect(canonicalTimeZone(kept)).toBe(kept);
      expect(() => new Intl.DateTimeFormat("en", { timeZone: kept })).not.toThrow();
    }
  });
});

test("the table comes from a release", () => {
  expect(TZ_VERSION).toMatch(/^20\d\d[a-z]$/);
  expect(zones.length).toBeGreaterThan(400);
  expect(links.length).toBeGreaterThan(100);
});

/**
 * Links to a zone that several countries share. Each link names a place in the first of the countries that
 * the tz database lists for the zone.
 */
const AT_HOME = `
  America/Montreal America/Nipigon America/Thunder_Bay Asia/Rangoon Canada/Eastern Europe/Belfast GB GB-Eire Japan NZ
  Pacific/Samoa Singapore US/Arizona US/Samoa
`.split(/\s+/);

// Fails if a link in Debian is missing in our table or different. The table is then out of date.
(DEBIAN || process.env.CI ? test : test.skip)("the table agrees with Debian's tzdata", () => {
  if (!DEBIAN) throw new Error("tzdata.zi is missing: run dev/engines/time-zone-files.sh.");
  const rowsOf = (file: string) =>
    readFileSync(join(DEBIAN, file), "utf8")
      .split("\n")
      .filter((row) => row && !row.startsWith("#"))
      .map((row) => row.split("\t"));
  const countryOf = new Map(rowsOf("zone.tab").map(([country, , zone]) => [zone!, country!]));
  const countriesOf = new Map(
    rowsOf("zone1970.tab").map(([countries, , zone]) => [zone!, countries!.split(",")]),
  );
  const theirs = [...countryOf.keys()];
  for (const zone of theirs) expect(canonicalTimeZone(zone)).toBe(zone);
  for (const line of readFileSync(join(DEBIAN, "tzdata.zi"), "utf8").split("\n")) {
    const [kind, target = "", name = ""] = line.split(" ");
    if (kind !== "L" || theirs.includes(name) || target === "Etc/GMT") continue;
    const countries = countriesOf.get(target) ?? [];
    const isDecided = countries.length > 1 && !AT_HOME.includes(name);
    const zone = canonicalTimeZone(name);
    // If several countries share the zone that Debian links to, our table links to the zone of the place's
    // own country instead. Debian's zone must cover that country: the two zones have then had the same time
    // since 1970.
    if (isDecided) expect([name, zone]).not.toEqual([name, target]);
    if (isDecided) expect([name, countries]).toEqual([name, expect.arrayContaining([countryOf.get(zone!)])]);
    else expect([name, zone]).toEqual([name, target === "Etc/UTC" ? "UTC" : target]);
  }
});
