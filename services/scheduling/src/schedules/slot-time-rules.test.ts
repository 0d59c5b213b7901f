import { describe, expect, test } from "@jest/globals";
import { type Hours, slotTimes } from "./slot-time-rules.ts";

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
