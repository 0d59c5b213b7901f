import type { Database } from "@medconnect/platform/db/database.ts";
import { readEntries } from "./unexplained-store.ts";

/**
 * Resources with an entry that gives a right, and no later entry that takes it, such as disabled accounts
 * that were not enabled again. Reads the entries of these actions only, and keeps the resources in memory.
 */
export async function explainedBy(
  db: Database,
  gives: string,
  takes: readonly string[],
  pageSize?: number,
): Promise<ReadonlySet<string>> {
  const given = new Map<string, string>();
  for await (const entry of readEntries(db, gives, pageSize)) {
    if (entry.outcome === "SUCCESS") given.set(entry.resource, sortKeyOf(entry));
  }
  for (const action of takes) {
    for await (const entry of readEntries(db, action, pageSize)) {
      const givenAt = given.get(entry.resource);
      if (entry.outcome === "SUCCESS" && givenAt !== undefined && givenAt < sortKeyOf(entry))
        given.delete(entry.resource);
    }
  }
  return new Set(given.keys());
}

/** Sort key of entries: time, then id. */
const sortKeyOf = ({ time, id }: { time: Date; id: string }): string => `${time.toISOString()} ${id}`;
