// `npm run test:time-zones`: compares the times of slots with those that Python's zoneinfo finds, around each change
// of the clocks from 2020 to 2035, in all time zones.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { runCommand } from "@medconnect/ops/command/command.ts";
import { ZONES } from "@medconnect/platform/i18n/time-zones/time-zone-table.ts";
import { slotTimes, type Weekday } from "@medconnect/scheduling/src/schedules/slot-time-rules.ts";
import { usage } from "./run.usage.mjs";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const WEEK: Weekday[] = [1, 2, 3, 4, 5, 6, 7];

/** Output of `oracle.py`. */
interface Oracle {
  version: string;
  zones: Record<string, { starts: Record<string, number[]>; offsets: Record<string, number> }>;
}

/** Seconds since 1970 at which slots of half an hour begin on a date. */
function startsOn(date: string, timeZone: string): number[] {
  const midnightMs = Date.parse(date);
  const hours = {
    timeZone,
    weekly: WEEK.map((day) => ({ day, startTime: "00:00", endTime: "24:00" })),
    overrides: [],
    travel: [],
    validFrom: date,
    validUntil: date,
    slotLengthMs: 30 * MINUTE_MS,
    bufferBeforeMs: 0,
    bufferAfterMs: 0,
  };
  const around = { startTime: new Date(midnightMs - DAY_MS), endTime: new Date(midnightMs + 2 * DAY_MS) };
  return slotTimes(hours, around).map(({ startTime }) => startTime.getTime() / 1000);
}

/** True if Node's Intl has the offsets of UTC that Python has. */
function hasOffsets(timeZone: string, offsets: Record<string, number>): boolean {
  const format = new Intl.DateTimeFormat("sv", { timeZone, dateStyle: "short", timeStyle: "medium" });
  return Object.entries(offsets).every(([time, offset]) => {
    const wall = format.format(new Date(Number(time) * 1000));
    return Date.parse(`${wall.replace(" ", "T")}Z`) / 1000 - Number(time) === offset;
  });
}

runCommand({ ...usage, run: compare });

async function compare(): Promise<number> {
  const { status, stdout, stderr, error } = spawnSync("python3", [join(import.meta.dirname, "oracle.py")], {
    input: ZONES.trim().replaceAll(/\s+/g, "\n"),
    encoding: "utf8",
    maxBuffer: 100 * 1024 * 1024,
  });
  if (error) {
    process.stdout.write(`SKIPPED: no Python on this machine: ${error.message}\n`);
    return 0;
  }
  if (status !== 0) throw new Error(`oracle.py ended with ${status}: ${stderr}`);
  const { version, zones } = JSON.parse(stdout) as Oracle;
  process.stdout.write(`Rules of time zones: ${version} (Python), ${process.versions.tz} (Node).\n`);
  const other = Object.keys(zones).filter((name) => !hasOffsets(name, zones[name]!.offsets));
  if (other.length > 0) process.stdout.write(`Left out, because their rules differ: ${other.join(", ")}.\n`);
  const compared = Object.entries(zones).filter(([name]) => !other.includes(name));
  let days = 0;
  const wrong: string[] = [];
  for (const [name, { starts }] of compared)
    for (const [date, expected] of Object.entries(starts)) {
      days += 1;
      if (startsOn(date, name).join() !== expected.join()) wrong.push(`${name} ${date}`);
    }
  process.stdout.write(`${compared.length} time zones, ${days} days: ${wrong.length} differ.\n`);
  for (const line of wrong) process.stderr.write(`${line}\n`);
  return wrong.length === 0 ? 0 : 1;
}
