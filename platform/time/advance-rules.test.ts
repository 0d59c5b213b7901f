import { expect, test } from "@jest/globals";
import { advanceProblem, MAX_ADVANCE_MS, MAX_AHEAD_MS, totalOf } from "./advance-rules.ts";

test.each([
  ["", 0],
  ["3600000\n", 3_600_000],
  ["1\n2\n3\n", 6],
  [`${MAX_ADVANCE_MS}\n`, MAX_ADVANCE_MS],
  ["1\n36", 1],
])("the advances in %j add up to %d ms", (lines, total) => {
  expect(totalOf(lines)).toBe(total);
});

test.each(["0\n", "-1\n", "1.5\n", "1e3\n", "\n", "1\n\n", "soon\n", `${MAX_ADVANCE_MS + 1}\n`])(
  "%j is refused as an advance",
  (lines) => {
    expect(() => totalOf(lines)).toThrow("is not an advance of the sandbox clock in ms");
  },
);

test.each([
  [1, 0],
  [MAX_ADVANCE_MS, 0],
  [MAX_ADVANCE_MS, MAX_AHEAD_MS - MAX_ADVANCE_MS],
])("an advance by %d ms from %d ms ahead is possible", (ms, aheadMs) => {
  expect(advanceProblem(ms, aheadMs)).toBeUndefined();
});

test.each([
  [0, 0, "Business time moves forward only."],
  [-1, 0, "Business time moves forward only."],
  [MAX_ADVANCE_MS + 1, 0, "One advance may be at most 400 days."],
  [2, MAX_AHEAD_MS - 1, "Business time may be at most 3660 days ahead; it is 3659 days ahead already."],
])("an advance by %d ms from %d ms ahead is refused: %s", (ms, aheadMs, problem) => {
  expect(advanceProblem(ms, aheadMs)).toBe(problem);
});
