import { isId } from "../api/ids.ts";
import { type BinaryId, binaryId } from "../db/binary-ids.ts";
import type { SqlValue } from "../db/database.ts";

/** Parameters for tables whose ids are all BINARY(16). */
export const withBinaryIds = <Value extends SqlValue>(params: Value[]): (Value | BinaryId)[] =>
  params.map((param) => (isId(param) ? binaryId(param) : param));
