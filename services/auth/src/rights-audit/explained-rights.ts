import type { Database } from "@medconnect/platform/db/database.ts";
import { readEntries } from "./unexplained-store.ts";

/**
 * Finds the resources with a successful audit entry for the action `gives`, and no later successful entry for
 * an action in `takes`. Example: accounts that were disabled and not enabled again. Keeps the resources in
 * memory.
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

/** Sort key of an audit entry: its time, then its id. */
const sortKeyOf = ({ time, id }: { time: Date; id: string }): string => `${time.toISOString()} ${id}`;
