import type { SqlValue } from "./database.ts";

/** A condition with one placeholder, and its value; undefined leaves the condition out. */
export type Filter = readonly [sql: string, value: SqlValue | undefined];

/**
 * The WHERE clause of the filters that are set, and the keyset condition of a page. The text is made of constants only;
 * values stay in `params`.
 */
export function where(
  filters: readonly Filter[],
  keyset?: { sql: string; params: readonly SqlValue[] } | undefined,
): { sql: string; params: SqlValue[] } {
  const used = filters.filter(([, value]) => value !== undefined);
  const conditions = [...used.map(([sql]) => sql), ...(keyset ? [keyset.sql] : [])];
  return {
    sql: conditions.length > 0 ? `WHERE ${conditions.join(" AND ")}` : "",
    params: [...used.map(([, value]) => value!), ...(keyset?.params ?? [])],
  };
}

/** Rows after a position in the order (`first` DESC, `second` DESC). */
export const before = (first: string, second: string, after: readonly SqlValue[] | undefined) =>
  after && {
    sql: `(${first} < ? OR (${first} = ? AND ${second} < ?))`,
    params: [after[0]!, after[0]!, after[1]!],
  };

/** Rows after a position in the order (`first`, `second`). */
export const following = (first: string, second: string, after: readonly SqlValue[] | undefined) =>
  after && {
    sql: `(${first} > ? OR (${first} = ? AND ${second} > ?))`,
    params: [after[0]!, after[0]!, after[1]!],
  };
