import { Temporal } from "temporal-polyfill";
import type { Interval } from "../slots/slot-rules.ts";

/** Part of a day by the clock on the wall, such as 09:00 to 12:30. `24:00` is the end of the day. */
export interface Range {
  startTime: string;
  endTime: string;
}

/** Day of the week (ISO 8601): 1 is Monday, 7 is Sunday. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** When a doctor works. Dates are those of the calendar, such as `2027-02-01`, and include the last. */
export interface Hours {
  /** IANA time zone of the wall clock. */
  timeZone: string;
  weekly: ({ day: Weekday } & Range)[];
  /** Replace the hours of a date. A date without ranges is free. */
  overrides: { date: string; ranges: Range[] }[];
  /** Days on which the wall clock is that of another time zone. */
  travel: { startDate: string; endDate: string; timeZone: string }[];
  /** "": no limit. */
  validFrom: string;
  validUntil: string;
  slotLengthMs: number;
  /** Breaks before and after each slot. */
  bufferBeforeMs: number;
  bufferAfterMs: number;
}

/** Time of a slot. */
export interface SlotTime extends Interval {
  /** Day of the start by the wall clock, such as `2027-02-01`. */
  day: string;
}

const MINUTE_MS = 60_000;

/**
 * Times of the slots that begin in an interval, in order.
 *
 * Slots begin by the wall clock, one after the other from the start of each range, and last their length in
 * elapsed time. So they stay at the same time of the day when the clocks change. A start that the clocks skip
 * gives no slot, and one that they show twice gives a slot at the first time only. Slots and their breaks do not
 * overlap: if two do because of a change of the clocks, of the time zone, or of ranges, the later one is left out.
 */
export function slotTimes(hours: Hours, { startTime, endTime }: Interval): SlotTime[] {
  const found = datesOf(hours, { startTime, endTime })
    .flatMap((date) => slotsOn(date, hours))
    .filter((slot) => slot.startTime >= startTime && slot.startTime < endTime)
    .sort((a, b) => a.startTime.getTime() - b.startTime.getTime());
  return withoutOverlap(found, hours.bufferBeforeMs + hours.bufferAfterMs);
}

/** Dates of the calendar, in whichever time zone, on which a slot of the interval can begin. */
function datesOf({ validFrom, validUntil }: Hours, { startTime, endTime }: Interval): Temporal.PlainDate[] {
  // Time zones differ from UTC by at most 14 hours.
  const first = utcDate(startTime).subtract({ days: 1 });
  const last = utcDate(endTime).add({ days: 1 });
  const days = first.until(last).days + 1;
  return Array.from({ length: days }, (_, i) => first.add({ days: i })).filter((date) => {
    const text = date.toString();
    return text >= validFrom && (validUntil === "" || text <= validUntil);
  });
}

const utcDate = (time: Date) => Temporal.PlainDate.from(time.toISOString().slice(0, 10));

function slotsOn(date: Temporal.PlainDate, hours: Hours): SlotTime[] {
  const { slotLengthMs, bufferBeforeMs, bufferAfterMs } = hours;
  const ranges = rangesOn(date, hours);
  if (ranges.length === 0) return [];
  const day = date.toString();
  const instantAt = clockOf(date, timeZoneOn(day, hours));
  const stepMinutes = (bufferBeforeMs + slotLengthMs + bufferAfterMs) / MINUTE_MS;
  return ranges.flatMap((range) => {
    const lastStart = minutesOf(range.endTime) - slotLengthMs / MINUTE_MS;
    const slots: SlotTime[] = [];
    for (let minutes = minutesOf(range.startTime); minutes <= lastStart; minutes += stepMinutes) {
      const startMs = instantAt(minutes);
      if (startMs !== undefined)
        slots.push({ startTime: new Date(startMs), endTime: new Date(startMs + slotLengthMs), day });
    }
    return slots;
  });
}

/** Day of the calendar at a time in a time zone. */
export const dayIn = (timeZone: string, time: Date): string =>
  Temporal.Instant.fromEpochMilliseconds(time.getTime())
    .toZonedDateTimeISO(timeZone)
    .toPlainDate()
    .toString();

/** Time zone of the doctor's wall clock on a date. Of journeys that overlap, the first one counts. */
const timeZoneOn = (date: string, { timeZone, travel }: Hours): string =>
  travel.find(({ startDate, endDate }) => startDate <= date && date <= endDate)?.timeZone ?? timeZone;

const rangesOn = (date: Temporal.PlainDate, { weekly, overrides }: Hours): Range[] =>
  overrides.find((override) => override.date === date.toString())?.ranges ??
  weekly.filter(({ day }) => day === date.dayOfWeek);

/** Minutes from midnight on the wall clock. */
export function minutesOf(time: string): number {
  const [hours = "", minutes = ""] = time.split(":");
  return Number(hours) * 60 + Number(minutes);
}

/**
 * Finds the times at which the wall clocks of a time zone show minutes of a date.
 *
 * @returns a function that returns the first of them in ms since 1970; undefined if the clocks never show it
 */
function clockOf(date: Temporal.PlainDate, timeZone: string): (minutes: number) => number | undefined {
  const midnight = date.toZonedDateTime(timeZone);
  // On a day without a change of the clocks, which saves a search of the time zone's rules for each slot.
  if (midnight.hoursInDay === 24) return (minutes) => midnight.epochMilliseconds + minutes * MINUTE_MS;
  return (minutes) => {
    const wall = date.toPlainDateTime({ hour: Math.floor(minutes / 60), minute: minutes % 60 });
    const zoned = wall.toZonedDateTime(timeZone, { disambiguation: "earlier" });
    return zoned.toPlainDateTime().equals(wall) ? zoned.epochMilliseconds : undefined;
  };
}

function withoutOverlap(slots: SlotTime[], breakMs: number): SlotTime[] {
  let freeFromMs = Number.NEGATIVE_INFINITY;
  return slots.filter(({ startTime, endTime }) => {
    const isFree = startTime.getTime() >= freeFromMs;
    if (isFree) freeFromMs = endTime.getTime() + breakMs;
    return isFree;
  });
}
