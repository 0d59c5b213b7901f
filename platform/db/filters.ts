import { binaryId } from "./binary-id.ts";
import type { SqlValue } from "./sql-value.ts";

/**
 * Position of a page: the sort key of the last row before it, from columns of bounded length. Ids, numbers,
 * times and bytes survive the round trip through a token.
 */
export type Position = (string | number | Date | Buffer)[];

/** A condition and the values of its placeholders. An undefined value drops the condition. */
export type Filter = readonly [sql: string, ...values: (SqlValue | undefined)[]];

/** WHERE clause of the filters whose values are set. Its text holds constants only. */
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

/** Rows after a position in the order (`first` DESC, `id` DESC). Starts with a range of the key. */
export const before = (first: string, id: string, after: Position | undefined): Filter => [
  `${first} <= ? AND (${first} < ? OR ${id} < ?)`,
  ...placesOf(after),
];

/** Filter for rows after a position in the order (`first`, `id`). */
export const following = (first: string, id: string, after: Position | undefined): Filter => [
  `${first} >= ? AND (${first} > ? OR ${id} > ?)`,
  ...placesOf(after),
];

const placesOf = (after: Position | undefined) => [after?.[0], after?.[0], binaryId(after?.[1] as string)];
