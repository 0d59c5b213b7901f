import { expect, test } from "@jest/globals";
import { Schedule } from "@medconnect/proto/medconnect/scheduling/v1/schedule_service.ts";
import { scheduleViolations } from "./schedule-rules.ts";

const MORNING = { startTime: "09:00", endTime: "12:00" };
const LATE_MORNING = { startTime: "11:30", endTime: "13:00" };
const NOON = { startTime: "12:00", endTime: "13:00" };
const BACKWARDS = { startTime: "12:00", endTime: "12:00" };
const trip = (startDate: string, endDate: string) => ({ startDate, endDate, timeZone: "UTC" });

test.each<[string, Parameters<typeof Schedule.fromPartial>[0], string[]]>([
  [
    "hours that meet",
    {
      weeklyHours: [
        { day: "MONDAY", ...MORNING },
        { day: "MONDAY", ...NOON },
      ],
    },
    [],
  ],
  [
    "equal hours of two days",
    {
      weeklyHours: [
        { day: "MONDAY", ...MORNING },
        { day: "FRIDAY", ...MORNING },
      ],
    },
    [],
  ],
  [
    "hours that overlap",
    {
      weeklyHours: [
        { day: "MONDAY", ...MORNING },
        { day: "MONDAY", ...LATE_MORNING },
      ],
    },
    ["weekly_hours[1].start_time"],
  ],
  ["hours without length", { weeklyHours: [{ day: "MONDAY", ...BACKWARDS }] }, ["weekly_hours[0].end_time"]],
  [
    "ranges of a date that overlap",
    { overrides: [{ date: "2027-02-01", ranges: [MORNING, LATE_MORNING] }] },
    ["overrides[0].ranges[1].start_time"],
  ],
  [
    "two overrides of a date",
    { overrides: [{ date: "2027-02-01" }, { date: "2027-02-02" }, { date: "2027-02-01" }] },
    ["overrides[2].date"],
  ],
  [
    "journeys that meet",
    { travel: [trip("2027-02-01", "2027-02-02"), trip("2027-02-03", "2027-02-04")] },
    [],
  ],
  [
    "journeys that overlap",
    { travel: [trip("2027-02-01", "2027-02-02"), trip("2027-02-02", "2027-02-04")] },
    ["travel[1].start_date"],
  ],
  ["a journey backwards", { travel: [trip("2027-02-02", "2027-02-01")] }, ["travel[0].end_date"]],
  ["a schedule of one day", { validFrom: "2027-02-01", validUntil: "2027-02-01" }, []],
  [
    "a schedule that ends before it begins",
    { validFrom: "2027-02-02", validUntil: "2027-02-01" },
    ["valid_until"],
  ],
  ["a schedule without a first day", { validUntil: "2027-02-01" }, []],
  ["a length in seconds", { slotLength: { seconds: 1830 } }, ["slot_length"]],
  [
    "breaks in seconds",
    { bufferBefore: { seconds: 30 }, bufferAfter: { seconds: 90 } },
    ["buffer_before", "buffer_after"],
  ],
])("%s", (_name, given, fields) => {
  const schedule = Schedule.fromPartial({ timeZone: "UTC", slotLength: { seconds: 1800 }, ...given });
  expect(scheduleViolations(schedule).map(({ field }) => field)).toEqual(
    fields.map((field) => `schedule.${field}`),
  );
});
