import type { BinaryId } from "./binary-id.ts";

/**
 * Value for a `?` placeholder in SQL. Pass an id as `binaryId(id)`. In a transaction, `[[a, b], [c, d]]`
 * fills `VALUES ?`, and `[a, b]` fills `IN (?)`.
 */
export type SqlValue = string | number | boolean | Date | Buffer | BinaryId | null | SqlValue[];
