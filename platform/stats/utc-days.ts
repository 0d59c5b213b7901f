const DAYS = 7;
const DAY_MS = 86_400_000;

/** Dates of the last seven days in UTC, such as "2030-01-31", in ascending order up to today. */
export function lastDays(now: Date): string[] {
  return Array.from({ length: DAYS }, (_, i) =>
    new Date(now.getTime() - (DAYS - 1 - i) * DAY_MS).toISOString().slice(0, 10),
  );
}

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
