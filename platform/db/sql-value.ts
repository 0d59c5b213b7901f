import type { BinaryId } from "./binary-id.ts";

/** Value for a `?` placeholder in SQL. Pass an id as `binaryId(id)`. */
export type SqlScalar = string | number | boolean | Date | Buffer | BinaryId | null;

/**
 * Value for a `?` placeholder in the SQL of a transaction: `[[a, b], [c, d]]` fills `VALUES ?`, and `[a, b]`
 * fills `IN (?)`. Prepared statements take no lists.
 */
export type SqlValue = SqlScalar | SqlValue[];
