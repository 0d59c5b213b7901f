import { expect, test } from "@jest/globals";
import { lastDays } from "./utc-days.ts";

test("the last seven days are UTC dates up to today, also across the end of a month", () => {
  const days = ["02-27", "02-28", "03-01", "03-02", "03-03", "03-04", "03-05"].map((day) => `2030-${day}`);
  expect(lastDays(new Date("2030-03-05T00:00:00Z"))).toEqual(days);
  expect(lastDays(new Date("2030-03-05T23:59:59.999Z"))).toEqual(days);
});
