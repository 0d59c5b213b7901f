import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import type { Logger } from "../telemetry/log.ts";
import { ClockDifferences } from "./clock-differences.ts";

const NOW_S = 1_800_000_000;

let logged: object[];
let clocks: ClockDifferences;

beforeEach(() => {
  jest.useFakeTimers({ now: NOW_S * 1000 });
  logged = [];
  const log = { warn: (fields: object) => logged.push(fields) } as unknown as Logger;
  clocks = new ClockDifferences(log);
});
afterEach(() => {
  jest.useRealTimers();
});

const note = (caller: string, ...ages: number[]) => {
  for (const age of ages) clocks.note(caller, NOW_S - age);
};

test.each<[string, number[], number]>([
  ["equal clocks", [0.02, 0.01], 0.01],
  ["a token that another instance got first", [27, 0.02], 0.02],
  ["a caller's clock a minute behind", [60.1, 61, 75], 60.1],
  ["a caller's clock a minute ahead", [-59.9, -45], -59.9],
  ["a difference that has ended", [-60, 0.1, 0.2, 0.1, 0.3], 0.1],
])("%s", (_, ages, seconds) => {
  note("auth", ...ages);
  expect(clocks.of("auth")).toBeCloseTo(seconds);
});

test("each caller has a difference of its own", () => {
  note("auth", 1);
  note("billing", 60);
  expect([clocks.of("auth"), clocks.of("billing"), clocks.of("gateway")]).toEqual([1, 60, undefined]);
});

test("a lasting difference is logged once a minute, and a small one is not", () => {
  note("auth", 60, 60, 60);
  note("billing", 2, 2, 2, 2);
  expect(logged).toEqual([]);
  note("auth", 60, 60, 60);
  expect(logged).toEqual([{ caller: "auth", seconds: 60 }]);
});
