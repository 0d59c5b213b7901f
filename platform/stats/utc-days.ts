import { type CalendarDate, dateOf } from "../time/calendar-date.ts";

const LAST_DAYS = 7;
const DAY_MS = 86_400_000;

/** Dates of some days in UTC, in ascending order up to the last date. */
export const datesUpTo = (lastDate: CalendarDate, days: number): CalendarDate[] =>
  Array.from({ length: days }, (_, i) => dateOf(new Date(Date.parse(lastDate) - (days - 1 - i) * DAY_MS)));

/** Number of days from a date to a later one. */
export const daysBetween = (date: CalendarDate, later: CalendarDate): number =>
  (Date.parse(later) - Date.parse(date)) / DAY_MS;

/** Dates of the last seven days in UTC, in ascending order up to today. */
export const lastDays = (now: Date): CalendarDate[] => datesUpTo(dateOf(now), LAST_DAYS);

/** Row of `SELECT … AS name, COUNT(*) AS count … GROUP BY name`. */
export interface Count<Name extends string = string> {
  name: Name;
  count: number;
}

/** Converts rows to counts by name. Names in `expected` that have no row get 0. */
export const byName = (counts: Count[], expected: string[] = []): Record<string, number> => ({
  ...Object.fromEntries(expected.map((name) => [name, 0])),
  ...Object.fromEntries(counts.map(({ name, count }) => [name, count])),
});
