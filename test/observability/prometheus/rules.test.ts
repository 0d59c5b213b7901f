import { expect, test } from "@jest/globals";
import { type Rule, readRules, rulesOf, shortened, withoutLimits } from "./rules.ts";

const inTenth = (rule: Rule): Rule => rulesOf(shortened({ groups: [{ name: "x", rules: [rule] }] }, 10))[0]!;

test.each([
  ["sum(rate(x_total[5m])) > 0.01", "sum(rate(x_total[30000ms])) > 0.01"],
  ["x_total unless x_total offset 1h", "x_total unless x_total offset 360000ms"],
  ["max by (a) (x_age_seconds) > 60", "max by (a) (x_age_seconds) > 6"],
  [
    "time() - max(max_over_time(x_seconds[1h])) > 1800",
    "time() - max(max_over_time(x_seconds[360000ms])) > 180",
  ],
  ["rate(x_seconds_count[5m]) > 1", "rate(x_seconds_count[30000ms]) > 1"],
])("the durations in %s are divided by the factor, and no other numbers", (expr, shorter) => {
  expect(inTenth({ alert: "A", expr, for: "2m" })).toEqual({ alert: "A", expr: shorter, for: "12000ms" });
});

test.each([
  ['a{b=~"5..",c>=""} > 1 or up == 0', 'a{b=~"5..",c>=""} > bool 1 or up == bool 0'],
  ["sum(a) >= ignoring (b) c", "sum(a) >= bool ignoring (b) c"],
  ['absent(up{service="auth"}) or absent(b)', 'count(up{service="auth"}) or count(b)'],
])("%s returns data without its limit", (expr, open) => {
  expect(withoutLimits(expr)).toBe(open);
});

test("every alert has a limit that the test can open", () => {
  const alerts = rulesOf(readRules()).filter(({ alert }) => alert);
  expect(alerts.length).toBeGreaterThan(30);
  expect(alerts.filter(({ expr }) => withoutLimits(expr) === expr)).toEqual([]);
});
