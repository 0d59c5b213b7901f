import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  type Counter,
  cleared,
  isLocked,
  lockingForTheRestOf,
  lockingLonger,
  type Policy,
} from "./lockout-rules.ts";

const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;
const START = new Date("2030-01-01T09:00:00Z");

const byNetwork = lockingLonger({
  failures: 5,
  lockMs: 60 * SECOND_MS,
  maxLockMs: 900 * SECOND_MS,
  forgetMs: HOUR_MS,
});
const byHour = lockingForTheRestOf({ failures: 50, windowMs: HOUR_MS });

const later = (ms: number) => new Date(START.getTime() + ms);

/** State of a counter after a failure at each of these times. @param timesMs times in ms since `START` */
const after = (policy: Policy, ...timesMs: number[]): Counter =>
  timesMs.reduce((counter, ms) => policy(counter, later(ms)), cleared(START));

describe("exponential back-off", () => {
  test.each([
    [1, 0],
    [4, 0],
    [5, 60],
    [6, 120],
    [7, 240],
    [8, 480],
    [9, 900],
    [10, 900],
    [2000, 900],
  ])("failure %i locks for %i s", (failures, seconds) => {
    const counter = { ...cleared(START), failures: failures - 1, expireTime: later(1) };
    const { lockedUntil } = byNetwork(counter, START);
    expect(lockedUntil).toEqual(seconds === 0 ? null : later(seconds * SECOND_MS));
  });

  test("a lock ends on the millisecond", () => {
    const locked = after(byNetwork, 0, 0, 0, 0, 0);
    expect(isLocked(locked, later(60 * SECOND_MS - 1))).toBe(true);
    expect(isLocked(locked, later(60 * SECOND_MS))).toBe(false);
  });

  test.each([
    ["failures", [0, 0, 0, 0], HOUR_MS],
    ["a lock", [0, 0, 0, 0, 0], HOUR_MS + 60 * SECOND_MS],
  ])("%s are remembered for an hour", (_, times, ms) => {
    expect(after(byNetwork, ...times, ms - 1).failures).toBe(times.length + 1);
    expect(after(byNetwork, ...times, ms).failures).toBe(1);
  });
});

describe("a fixed window of an hour", () => {
  const fifty = Array.from({ length: 50 }, (_, i) => i * 60 * SECOND_MS);

  test("the fiftieth failure locks until an hour after the first", () => {
    expect(after(byHour, ...fifty.slice(1)).lockedUntil).toBeNull();
    expect(after(byHour, ...fifty).lockedUntil).toEqual(later(HOUR_MS));
  });

  test("the end of the window forgets all failures", () => {
    expect(after(byHour, ...fifty, HOUR_MS)).toMatchObject({ failures: 1, lockedUntil: null });
  });
});

test.each([
  ["exponential back-off", byNetwork],
  ["a fixed window", byHour],
])("for any times of failures, a counter with %s expires no earlier than its lock", (_, policy) => {
  const pauses = fc.array(fc.integer({ min: 0, max: 2 * HOUR_MS }), { maxLength: 80 });
  fc.assert(
    fc.property(pauses, (pausesMs) => {
      let nowMs = 0;
      let counter = cleared(START);
      for (const pauseMs of pausesMs) {
        nowMs += pauseMs;
        if (!isLocked(counter, later(nowMs))) counter = policy(counter, later(nowMs));
        expect(counter.failures).toBeGreaterThan(0);
        expect(counter.expireTime > later(nowMs)).toBe(true);
        if (counter.lockedUntil) expect(counter.expireTime >= counter.lockedUntil).toBe(true);
      }
    }),
  );
});
