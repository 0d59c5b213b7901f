import { expect, test } from "@jest/globals";
import type { DailyStats } from "@medconnect/client";
import { daysOf, plotsOf, totalOf } from "./plots.ts";

const STATS: DailyStats = {
  startDate: "2026-02-28",
  series: [
    { figure: "BOOKINGS_CREATED", label: "", values: ["3", "0", "2"] },
    { figure: "BOOKINGS_CANCELLED", label: "PATIENT", values: ["1", "0", "0"] },
    { figure: "BOOKINGS_CANCELLED", label: "DOCTOR", values: ["1", "1", "0"] },
    { figure: "REGISTRATIONS", label: "DOCTOR", values: ["0", "0", "4"] },
    { figure: "AMOUNT_CAPTURED", label: "USD", values: ["5000", "0", "1250"] },
    { figure: "AMOUNT_REFUNDED", label: "JPY", values: ["0", "-300", "0"] },
  ],
  readTime: "2026-03-02T10:00:00Z",
  unavailable: [],
};
const plots = plotsOf(STATS, 3);
const valuesOf = (title: string, label: string) =>
  plots.find((plot) => plot.title === title)?.lines.find((line) => line.label === label)?.values;

test("days follow each other in UTC, across the end of a month", () => {
  const days = daysOf(STATS, 3).map((seconds) => new Date(seconds * 1000).toISOString().slice(0, 10));
  expect(days).toEqual(["2026-02-28", "2026-03-01", "2026-03-02"]);
});

test("each figure is a line, and series of one figure are added", () => {
  expect(valuesOf("Bookings", "Created")).toEqual([3, 0, 2]);
  expect(valuesOf("Bookings", "Cancelled")).toEqual([2, 1, 0]);
  expect(valuesOf("Registrations", "Doctors")).toEqual([0, 0, 4]);
});

test("figures without a series are zero", () => {
  expect(valuesOf("Care", "Prescriptions issued")).toEqual([0, 0, 0]);
});

test("each currency has a plot, in its major units", () => {
  expect(plots.map(({ title }) => title)).toEqual([
    "Bookings",
    "Care",
    "Registrations",
    "Payments in JPY",
    "Payments in USD",
  ]);
  expect(valuesOf("Payments in USD", "Captured")).toEqual([50, 0, 12.5]);
  expect(valuesOf("Payments in JPY", "Refunded")).toEqual([0, -300, 0]);
});

test("a total is the sum over all days", () => {
  expect(totalOf({ label: "", values: [1, 0, 2.5] })).toBe(3.5);
});
