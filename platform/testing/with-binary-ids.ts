import { type BinaryId, binaryId } from "../db/binary-id.ts";
import type { SqlScalar } from "../db/sql-value.ts";
import { isId } from "../ids/ids.ts";

/** Converts the ids among parameters, for tables whose ids are all BINARY(16). */
export const withBinaryIds = <Value extends SqlScalar>(params: Value[]): (Value | BinaryId)[] =>
  params.map((param) => (isId(param) ? binaryId(param) : param));
