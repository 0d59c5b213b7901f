import { escape as quote } from "mysql2";

const NUMBERS = new Set(["tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double"]);
const BYTES = new Set(["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"]);
const TEXTS = new Set([
  ...["char", "varchar", "tinytext", "text", "mediumtext", "longtext", "json", "enum", "set"],
  ...["date", "time", "datetime", "timestamp", "year"],
]);

/**
 * Writes a value as a SQL literal without line breaks. Throws for a type that this release does not know.
 *
 * @param type the column's DATA_TYPE
 * @param value the value in MySQL's text protocol, as UTF-8; null for NULL
 */
export function literalOf(type: string, value: Buffer | null): string {
  if (value === null) return "NULL";
  if (NUMBERS.has(type)) return value.toString("latin1");
  if (BYTES.has(type)) return value.length === 0 ? "''" : `0x${value.toString("hex")}`;
  if (TEXTS.has(type)) return quote(value.toString("utf8"));
  throw new Error(`columns of type ${type} cannot be backed up`);
}
