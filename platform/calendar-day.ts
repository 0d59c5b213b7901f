const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Whether text is a day of the proleptic Gregorian calendar (RFC 3339 full-date): 2027-02-30 is none. */
export function isCalendarDay(text: string): boolean {
  if (!DAY.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  // Date.parse rolls days that a month does not have over into the next one.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
