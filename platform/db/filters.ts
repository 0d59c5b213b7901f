import { binaryId } from "./binary-id.ts";
import type { SqlScalar } from "./sql-value.ts";

/**
 * Position at which a page starts: the sort key of the last row before the page. The columns of the sort key
 * must have a bounded length. Ids, numbers, times and bytes survive the round trip through a page token.
 */
export type Position = (string | number | Date | Buffer)[];

/**
 * An SQL condition and the values of its placeholders. If one of the values is undefined, the condition is
 * left out.
 */
export type Filter = readonly [sql: string, ...values: (SqlScalar | undefined)[]];

/**
 * Combines filters to a WHERE clause. Omits filters with an undefined value. The SQL text only consists of
 * constants.
 */
export function where(...filters: (Filter | undefined)[]): { sql: string; params: SqlScalar[] } {
  const used = filters.filter((filter) => filter?.every((part) => part !== undefined)) as [
    string,
    ...SqlScalar[],
  ][];
  return {
    sql: used.length > 0 ? `WHERE ${used.map(([sql]) => sql).join(" AND ")}` : "",
    params: used.flatMap(([, ...values]) => values),
  };
}

/**
 * Makes a filter for the rows that follow a position in descending order (ORDER BY `first` DESC, `id` DESC).
 * The first comparison limits the index range that MySQL reads.
 */
export const before = (first: string, id: string, after: Position | undefined): Filter => [
  `${first} <= ? AND (${first} < ? OR ${id} < ?)`,
  ...placesOf(after),
];

/** Makes a filter for the rows that follow a position in ascending order (ORDER BY `first`, `id`). */
export const following = (first: string, id: string, after: Position | undefined): Filter => [
  `${first} >= ? AND (${first} > ? OR ${id} > ?)`,
  ...placesOf(after),
];

const placesOf = (after: Position | undefined) => [after?.[0], after?.[0], binaryId(after?.[1] as string)];
