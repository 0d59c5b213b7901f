import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { addAdvance, openBusinessClock, readAdvances, SandboxClock } from "./sandbox-clock.ts";

const HOUR_MS = 3_600_000;
const NOW = new Date("2030-01-01T09:00:00Z");
const machine = { now: () => NOW };

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "medconnect-clock-"));
  file = join(folder, "sandbox-clock");
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => new SandboxClock(file, machine);

test("business time is machine time until an advance", () => {
  expect(open().now()).toEqual(NOW);
});

test("processes take over an advance when they reload, and at their start", () => {
  const [scheduling, clinical] = [open(), open()];
  addAdvance(file, HOUR_MS);
  expect(scheduling.now()).toEqual(NOW);
  for (const clock of [scheduling, clinical]) clock.reload();
  for (const clock of [scheduling, clinical, open()]) {
    expect(clock.now()).toEqual(new Date("2030-01-01T10:00:00Z"));
  }
});

test("advances add up, and only their owner may read and write them", () => {
  addAdvance(file, HOUR_MS);
  addAdvance(file, 2 * HOUR_MS);
  expect(readAdvances(file)).toBe(3 * HOUR_MS);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a running process does not go back if its file is replaced", () => {
  addAdvance(file, HOUR_MS);
  const clock = open();
  writeFileSync(file, "1\n");
  clock.reload();
  expect(clock.now()).toEqual(new Date("2030-01-01T10:00:00Z"));
});

test("a file with anything else is refused, and a running process keeps its time", () => {
  const clock = open();
  writeFileSync(file, "tomorrow\n");
  expect(() => clock.reload()).toThrow('"tomorrow" is not an advance');
  expect(clock.now()).toEqual(NOW);
  expect(open).toThrow('"tomorrow" is not an advance');
});

test("without a file, business time is the time of this machine", () => {
  const before = Date.now();
  expect(openBusinessClock(undefined).now().getTime()).toBeGreaterThanOrEqual(before);
  expect(openBusinessClock(undefined)).not.toBeInstanceOf(SandboxClock);
});
