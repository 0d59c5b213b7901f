/** A calendar day in UTC, such as "2030-12-31". Days sort as strings. */
export type CalendarDate = string;

/** Day of an instant in UTC. */
export const dateOf = (instant: Date): CalendarDate => instant.toISOString().slice(0, 10);

/** True if a text of the form YYYY-MM-DD is an existing day, unlike 2027-02-30. */
export function isCalendarDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && dateOf(date) === text;
}
