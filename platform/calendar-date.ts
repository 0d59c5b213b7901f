/** A day of the calendar in UTC, "2030-12-31". Such texts compare as their days do. */
export type CalendarDate = string;

/** Day of an instant, in UTC. */
export const dateOf = (instant: Date): CalendarDate => instant.toISOString().slice(0, 10);

/** Whether a text of the form YYYY-MM-DD is a day that the calendar has: not 2027-02-30. */
export function isCalendarDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && dateOf(date) === text;
}
