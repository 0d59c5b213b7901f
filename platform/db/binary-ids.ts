import type { FieldPacket } from "mysql2/promise";
import { BinaryId } from "./binary-id.ts";
import type { SqlScalar } from "./sql-value.ts";

const BYTES = 16;
const BINARY_CHARSET = 63;
/**
 * Numbers of two column types in MySQL's protocol: of BINARY columns, and of expressions over BINARY columns.
 */
const [VAR_STRING, STRING] = [253, 254];

/**
 * Rewrites a prepared statement so that ids are sent as text, which the server converts to bytes. In the list
 * of running statements and in the slow log, bytes would be unreadable.
 */
export function withIdsAsText(sql: string, params: SqlScalar[]): { sql: string; values: SqlScalar[] } {
  if (!params.some(isBinaryId)) return { sql, values: params };
  let index = 0;
  return {
    // The n-th placeholder belongs to the n-th parameter.
    sql: sql.replaceAll("?", () => (isBinaryId(params[index++]) ? "UUID_TO_BIN(?)" : "?")),
    values: params.map((value) => (isBinaryId(value) ? value.text : value)),
  };
}

const isBinaryId = (value: unknown): value is BinaryId => value instanceof BinaryId;

/** Replaces the ids in the rows of a SELECT by text. Every binary column of 16 bytes is taken for an id. */
export function toTextIds(rows: unknown, fields: FieldPacket[]): void {
  for (const field of fields.filter(holdsIds)) {
    for (const row of rows as Record<string, unknown>[]) {
      const id = row[field.name];
      if (id !== null) row[field.name] = textOf(id as Buffer);
    }
  }
}

const holdsIds = ({ characterSet, columnLength, columnType }: FieldPacket): boolean =>
  columnLength === BYTES &&
  characterSet === BINARY_CHARSET &&
  (columnType === STRING || columnType === VAR_STRING);

function textOf(id: Buffer): string {
  const hex = id.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
