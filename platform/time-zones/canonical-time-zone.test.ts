import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { canonicalTimeZone } from "./canonical-time-zone.ts";
import { LINKS, TZ_VERSION, ZONES } from "./time-zone-table.ts";

/** Debian's tzdata: the system's, or as deploy/local/time-zone-files.sh unpacks it. */
const DEBIAN = [
  "/usr/share/zoneinfo",
  join(import.meta.dirname, "../../.local/time-zone-files/root/usr/share/zoneinfo"),
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
    ["america/new_york", "America/New_York"],
    ["AMERICA/PORT-AU-PRINCE", "America/Port-au-Prince"],
    ["asia/calcutta", "Asia/Kolkata"],
    ["UTC", "UTC"],
    ["utc", "UTC"],
    ["Etc/UTC", "UTC"],
    ["Zulu", "UTC"],
  ])("%s is kept as %s", (name, kept) => {
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

// A link of the operating system that is missing or different here means that the table is out of date.
(DEBIAN || process.env.CI ? test : test.skip)("the table agrees with Debian's tzdata", () => {
  if (!DEBIAN) throw new Error("tzdata.zi is missing: run deploy/local/time-zone-files.sh.");
  const rows = readFileSync(join(DEBIAN, "zone.tab"), "utf8").split("\n");
  const theirs = rows.filter((row) => row && !row.startsWith("#")).map((row) => row.split("\t")[2]!);
  for (const zone of theirs) expect(canonicalTimeZone(zone)).toBe(zone);
  for (const line of readFileSync(join(DEBIAN, "tzdata.zi"), "utf8").split("\n")) {
    const [kind, target = "", name = ""] = line.split(" ");
    if (kind !== "L" || theirs.includes(name) || target === "Etc/GMT") continue;
    expect([name, canonicalTimeZone(name)]).toEqual([name, target === "Etc/UTC" ? "UTC" : target]);
  }
});
