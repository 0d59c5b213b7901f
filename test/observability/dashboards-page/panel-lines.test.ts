import { expect, test } from "@jest/globals";
import { format } from "./page/format.ts";
import { highest, linesOf } from "./panel-lines.ts";

const TIMES = [100, 102, 104];
const QUERY = { expr: "x", legend: "{{service}} {{rpc_method}}" };

test("a line has the legend with the values of the labels, and a value for each time", () => {
  const metric = { service: "billing", rpc_method: "medconnect.billing.v1.RefundService/CreateRefund" };
  const values: [number, string][] = [
    [100, "NaN"],
    [104, "0.5"],
  ];
  expect(linesOf(QUERY, [{ metric, values }], TIMES)).toEqual([
    { label: "billing RefundService/CreateRefund", values: [null, null, 0.5] },
  ]);
});

test("the five lines with the highest peaks are drawn, and those without a value are not counted", () => {
  const lines = [1, 7, 3, 6, 2, 5, 4].map((peak) => ({ label: `${peak}`, values: [0, peak, null] }));
  const { lines: drawn, hidden } = highest([...lines, { label: "none", values: [null, null, null] }]);
  expect(drawn.map(({ label }) => label)).toEqual(["7", "6", "5", "4", "3"]);
  expect(hidden).toBe(2);
});

test.each([
  [0.3, "s", "300 ms"],
  [0.00512, "s", "5.1 ms"],
  [0, "s", "0 s"],
  [1.25, "s", "1.3 s"],
  [7_775_999, "s", "90 d"],
  [12.34, "reqps", "12/s"],
  [0.4567, "percentunit", "46 %"],
  [150_400_000, "bytes", "150 MB"],
  [1500, "short", "1.5 k"],
  [14.4, "short", "14"],
] as const)("%d in %s is %s", (value, unit, text) => {
  expect(format(value, unit)).toBe(text);
});
