const DAYS = 7;
const DAY_MS = 86_400_000;

/** The dates (UTC) of the last seven days, such as "2030-01-31", today's last. */
export function lastDays(now: Date): string[] {
  return Array.from({ length: DAYS }, (_, i) =>
    new Date(now.getTime() - (DAYS - 1 - i) * DAY_MS).toISOString().slice(0, 10),
  );
}

/** A counted group, as `SELECT … AS name, COUNT(*) AS count … GROUP BY name` answers it. */
export interface Count<Name extends string = string> {
  name: Name;
  count: number;
}

/** Counts by name; the expected names are there also where nothing was counted. */
export const byName = (counts: Count[], expected: string[] = []): Record<string, number> => ({
  ...Object.fromEntries(expected.map((name) => [name, 0])),
  ...Object.fromEntries(counts.map(({ name, count }) => [name, count])),
});
