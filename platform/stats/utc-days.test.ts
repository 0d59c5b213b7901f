import { expect, test } from "@jest/globals";
import { datesUpTo, daysBetween, lastDays } from "./utc-days.ts";

test("the last seven days are UTC dates up to today, also across the end of a month", () => {
  const days = ["02-27", "02-28", "03-01", "03-02", "03-03", "03-04", "03-05"].map((day) => `2030-${day}`);
  expect(lastDays(new Date("2030-03-05T00:00:00Z"))).toEqual(days);
  expect(lastDays(new Date("2030-03-05T23:59:59.999Z"))).toEqual(days);
});

test.each([
  ["2030-03-05", 1, "2030-03-05"],
  ["2030-03-01", 30, "2030-01-31"],
  ["2028-12-31", 366, "2028-01-01"],
  ["1900-01-01", 366, "1899-01-01"],
])("the days up to %s, %i in number, begin on %s", (lastDate, days, firstDate) => {
  const dates = datesUpTo(lastDate, days);
  expect([dates.length, dates[0], dates.at(-1)]).toEqual([days, firstDate, lastDate]);
  expect(daysBetween(firstDate, lastDate)).toBe(days - 1);
});
