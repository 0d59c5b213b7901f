import { describe, expect, test } from "@jest/globals";
import { dayIn, type Hours, slotTimes } from "./slot-time-rules.ts";

const MINUTE_MS = 60_000;

const hoursOf = (given: Partial<Hours>): Hours => ({
  timeZone: "America/New_York",
  weekly: [],
  overrides: [],
  travel: [],
  validFrom: "",
  validUntil: "",
  slotLengthMs: 30 * MINUTE_MS,
  bufferBeforeMs: 0,
  bufferAfterMs: 0,
  ...given,
});

/** Starts of the slots of some days, as ISO times in UTC without seconds. */
const startsOf = (hours: Partial<Hours>, from: string, to: string) =>
  slotTimes(hoursOf(hours), { startTime: new Date(from), endTime: new Date(to) }).map(({ startTime }) =>
    startTime.toISOString().slice(0, 16),
  );

describe("clocks", () => {
  test("that go forward skip the times that they do not show", () => {
    const weekly = [{ day: 7 as const, startTime: "01:00", endTime: "04:00" }];
    expect(startsOf({ weekly }, "2027-03-14T00:00Z", "2027-03-15T00:00Z")).toEqual([
      "2027-03-14T06:00",
      "2027-03-14T06:30",
      "2027-03-14T07:00",
      "2027-03-14T07:30",
    ]);
  });

  test("that go back offer the hour that they show twice once", () => {
    const weekly = [{ day: 7 as const, startTime: "00:30", endTime: "02:30" }];
    expect(startsOf({ weekly }, "2027-11-07T00:00Z", "2027-11-08T00:00Z")).toEqual([
      "2027-11-07T04:30",
      "2027-11-07T05:00",
      "2027-11-07T05:30",
      "2027-11-07T07:00",
    ]);
  });
});

// 2027-02-01 is a Monday. New York is 5 hours behind UTC, Berlin 1 hour ahead.
const MONDAYS = [{ day: 1 as const, startTime: "09:00", endTime: "10:00" }];

test.each<[string, Partial<Hours>, string[]]>([
  ["weekly hours", {}, ["01T14:00", "01T14:30", "08T14:00", "08T14:30"]],
  [
    "a break after each slot",
    { weekly: [{ day: 1, startTime: "09:00", endTime: "10:10" }], bufferAfterMs: 10 * MINUTE_MS },
    ["01T14:00", "01T14:40", "08T14:00", "08T14:40"],
  ],
  [
    "an override in place of the hours of its date",
    { overrides: [{ date: "2027-02-01", ranges: [{ startTime: "12:00", endTime: "12:30" }] }] },
    ["01T17:00", "08T14:00", "08T14:30"],
  ],
  [
    "an override of a day without hours",
    { overrides: [{ date: "2027-02-02", ranges: [{ startTime: "12:00", endTime: "12:30" }] }] },
    ["01T14:00", "01T14:30", "02T17:00", "08T14:00", "08T14:30"],
  ],
  ["a free date", { overrides: [{ date: "2027-02-01", ranges: [] }] }, ["08T14:00", "08T14:30"]],
  [
    "a journey",
    { travel: [{ startDate: "2027-02-01", endDate: "2027-02-07", timeZone: "Europe/Berlin" }] },
    ["01T08:00", "01T08:30", "08T14:00", "08T14:30"],
  ],
  ["a first day", { validFrom: "2027-02-02" }, ["08T14:00", "08T14:30"]],
  ["a last day", { validUntil: "2027-02-01" }, ["01T14:00", "01T14:30"]],
])("%s", (_name, hours, expected) => {
  const starts = startsOf({ weekly: MONDAYS, ...hours }, "2027-01-31T00:00Z", "2027-02-10T00:00Z");
  expect(starts).toEqual(expected.map((start) => `2027-02-${start}`));
});

test("the day of a slot is that of the wall clock", () => {
  const hours = hoursOf({ weekly: [{ day: 1, startTime: "19:00", endTime: "20:00" }] });
  const week = { startTime: new Date("2027-02-01T00:00Z"), endTime: new Date("2027-02-08T00:00Z") };
  const times = slotTimes(hours, week);
  expect(times.map(({ startTime, day }) => [startTime.toISOString().slice(0, 16), day])).toEqual([
    ["2027-02-02T00:00", "2027-02-01"],
    ["2027-02-02T00:30", "2027-02-01"],
  ]);
  expect(dayIn("America/New_York", new Date("2027-02-02T00:30Z"))).toBe("2027-02-01");
});
