import type { Database } from "@medconnect/platform/db/database.ts";
import { readLines } from "./unexplained-store.ts";

/**
 * Resources with a line that gives a right and no later line that takes it, such as disabled accounts that were not enabled
 * again. Reads only the lines of these actions, and keeps the resources in memory.
 */
export async function explainedBy(
  db: Database,
  gives: string,
  takes: readonly string[],
  pageSize?: number,
): Promise<ReadonlySet<string>> {
  const given = new Map<string, string>();
  for await (const line of readLines(db, gives, pageSize)) {
    if (line.outcome === "SUCCESS") given.set(line.resource, placeOf(line));
  }
  for (const action of takes) {
    for await (const line of readLines(db, action, pageSize)) {
      const place = given.get(line.resource);
      if (line.outcome === "SUCCESS" && place !== undefined && place < placeOf(line))
        given.delete(line.resource);
    }
  }
  return new Set(given.keys());
}

/** The order of lines: by time, then by id. */
const placeOf = ({ time, id }: { time: Date; id: string }): string => `${time.toISOString()} ${id}`;
