import type { Position } from "../page-token.ts";
import type { SqlValue } from "./database.ts";

/** A condition and the values of its placeholders; one that is undefined leaves the condition out. */
export type Filter = readonly [sql: string, ...values: (SqlValue | undefined)[]];

/**
 * The WHERE clause of the filters that are set. The text is made of constants only; values stay in `params`.
 */
export function where(...filters: (Filter | undefined)[]): { sql: string; params: SqlValue[] } {
  const used = filters.filter((filter) => filter?.every((part) => part !== undefined)) as [
    string,
    ...SqlValue[],
  ][];
  return {
    sql: used.length > 0 ? `WHERE ${used.map(([sql]) => sql).join(" AND ")}` : "",
    params: used.flatMap(([, ...values]) => values),
  };
}

/** Rows after a position in the order (`first` DESC, `second` DESC). The first condition is a range of the key. */
export const before = (first: string, second: string, after: Position | undefined): Filter => [
  `${first} <= ? AND (${first} < ? OR ${second} < ?)`,
  after?.[0],
  after?.[0],
  after?.[1],
];

/** Rows after a position in the order (`first`, `second`). */
export const following = (first: string, second: string, after: Position | undefined): Filter => [
  `${first} >= ? AND (${first} > ? OR ${second} > ?)`,
  after?.[0],
  after?.[0],
  after?.[1],
];
