import { expect, test } from "@jest/globals";
import { dateOf, isCalendarDate } from "./calendar-date.ts";

test.each(["2027-02-28", "2028-02-29", "1900-01-01", "9999-12-31"])("%s is a day", (text) => {
  expect(isCalendarDate(text)).toBe(true);
});

test.each(["2027-02-29", "2027-02-30", "2027-04-31", "2027-13-01", "2027-00-10", "2027-1-1", "soon", ""])(
  "%j is no day",
  (text) => {
    expect(isCalendarDate(text)).toBe(false);
  },
);

test("dateOf uses UTC", () => {
  expect(dateOf(new Date("2027-01-01T00:30:00+01:00"))).toBe("2026-12-31");
});
