import { expect, test } from "@jest/globals";
import type { Round } from "./contest.ts";
import { summarize, verdictOf } from "./figures.ts";
import type { Sample } from "./measure.ts";
import { PLANS } from "./plan.ts";
import { isConclusive, ratioOf } from "./statistics.ts";

const sample = (totalCost: number): Sample => ({
  operations: 1000,
  incomplete: 0,
  rate: 1e6 / totalCost,
  p50Ms: totalCost / 100,
  p99Ms: totalCost / 10,
  cost: { gateway: totalCost },
  totalCost,
});
const round = (subject: number, baseline: number, again: number): Round => ({
  subject: sample(subject),
  baseline: sample(baseline),
  again: sample(again),
});
const cpu = ({ totalCost }: Sample) => totalCost;

test("a steady slowdown of the machine does not change the ratio", () => {
  const { median, lowest, highest } = ratioOf([round(100, 220, 120), round(120, 260, 140)], cpu);
  expect({ median, lowest, highest }).toEqual({ median: 0.5, lowest: 0.5, highest: 0.5 });
});

test.each([
  [104, true],
  [96, true],
  [106, false],
  [94, false],
])("the same load at 100 and then at %i allows a conclusion: %p", (again, isAllowed) => {
  const ratio = ratioOf([round(100, 200, again)], cpu);
  expect(isConclusive(ratio)).toBe(isAllowed);
});

test.each([
  [0.6, "goal"],
  [0.61, "must"],
  [0.85, "must"],
  [0.86, "missed"],
])("at most 0.85, better 0.6: %d is judged %s", (value, verdict) => {
  expect(verdictOf(value, { must: 0.85, goal: 0.6 })).toBe(verdict);
});

test.each([
  [1.6, "goal"],
  [1.1, "must"],
  [1.09, "missed"],
])("at least 1.1, better 1.6: %d is judged %s", (value, verdict) => {
  expect(verdictOf(value, { must: 1.1, goal: 1.6, isFloor: true })).toBe(verdict);
});

test("reports a figure without a limit", () => {
  expect(verdictOf(3, {})).toBe("reported");
});

test("does not evaluate a figure of a noisy run", () => {
  const [plan] = PLANS;
  const { goals } = summarize({
    settings: { seconds: 4, rounds: 1, durable: true },
    contests: [{ plan: plan!, rounds: [round(100, 400, 110)] }],
    memory: [],
    start: undefined,
  });
  expect(goals[0]!.verdict).toBe("no conclusion");
});
