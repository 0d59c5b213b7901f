import type { FieldPacket } from "mysql2/promise";
import { isId } from "../api/ids.ts";
import type { SqlValue } from "./database.ts";

// Ids are text in TypeScript and BINARY(16) in MySQL. The bytes are in the order of the text, so UUIDv7 keys stay in the order
// of time. Consoles show them by BIN_TO_UUID(id), and find one by UUID_TO_BIN('…').

const BYTES = 16;
const BINARY_CHARSET = 63;
/** Types of BINARY columns, and of expressions over them. */
const [VAR_STRING, STRING] = [253, 254];

/** An id as a value for a BINARY(16) column. */
export class BinaryId {
  readonly text: string;

  /** Throws for a text that no id has. */
  constructor(text: string) {
    if (!isId(text)) throw new Error("not an id");
    this.text = text;
  }

  /** Called by the driver for a value that it puts into a statement's text. */
  toSqlString(): string {
    const { text } = this;
    // Without its dashes; `replaceAll` takes four times as long.
    return `X'${text.slice(0, 8)}${text.slice(9, 13)}${text.slice(14, 18)}${text.slice(19, 23)}${text.slice(24)}'`;
  }
}

/** An id as a parameter for a BINARY(16) column. Null and undefined stay. */
export const binaryId = <Id extends string | null | undefined>(id: Id): BinaryId | Exclude<Id, string> =>
  typeof id === "string" ? new BinaryId(id) : (id as Exclude<Id, string>);

/**
 * Has the server make the bytes of each id in a prepared statement. Bytes as its parameters would garble the server's lists of
 * statements and its slow log; this way, people read the ids there.
 */
export function withIdsAsText(sql: string, params: SqlValue[]): { sql: string; values: SqlValue[] } {
  if (!params.some(isBinaryId)) return { sql, values: params };
  let place = 0;
  return {
    sql: sql.replaceAll("?", () => (isBinaryId(params[place++]!) ? "UUID_TO_BIN(?)" : "?")),
    values: params.map((value) => (isBinaryId(value) ? value.text : value)),
  };
}

const isBinaryId = (value: SqlValue): value is BinaryId => value instanceof BinaryId;

/** Replaces ids by their text in the rows of a SELECT. Every binary column of 16 bytes is an id. */
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
