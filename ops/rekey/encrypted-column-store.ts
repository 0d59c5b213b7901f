import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";

/**
 * A column of encrypted values. Each value is encrypted with the context `{table}.{column}:{key}`, followed
 * by a colon and id for each owner of the row. `key` is the row's primary key, in hex if it is binary.
 */
export interface EncryptedColumn {
  table: string;
  column: string;
  /** Name of the table's primary key column. */
  key: string;
  /** 1 if the primary key has the type BINARY(16), which is used for ids; otherwise 0. */
  keyIsId: number;
  /**
   * Names of the columns that hold the owners of a row. The owners' ids are part of the encryption context.
   */
  owners: string[];
}

/** A row of an encrypted column. `value` is read only if it is encrypted with an older key. */
export interface ColumnRow {
  key: string | Buffer;
  /** First bytes of the encrypted value: its format and the id of its key. Null if the row has no value. */
  header: Buffer | null;
  /** The whole encrypted value. Null if it is encrypted with the current key, or if the row has no value. */
  value: Buffer | null;
  owners: string[];
}

/**
 * Finds the encrypted columns by their SQL comments. A column's comment is "encrypted", or for example
 * "encrypted for patient_id, doctor_id", with the names of the owner columns.
 */
const LIST = `SELECT c.TABLE_NAME AS \`table\`, c.COLUMN_NAME AS \`column\`, GROUP_CONCAT(k.COLUMN_NAME) AS \`key\`,
    MAX(k.COLUMN_TYPE = 'binary(16)') AS keyIsId, c.COLUMN_COMMENT AS comment
  FROM information_schema.COLUMNS c
  JOIN information_schema.COLUMNS k
    ON k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME AND k.COLUMN_KEY = 'PRI'
  WHERE c.TABLE_SCHEMA = DATABASE() AND c.COLUMN_COMMENT LIKE 'encrypted%'
  GROUP BY c.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_COMMENT ORDER BY c.TABLE_NAME, c.COLUMN_NAME`;

/** Length of header, IV and tag in bytes. They identify an encrypted value, because its IV is random. */
const IDENTIFYING_BYTES = 33;

export async function listEncryptedColumns(db: Database): Promise<EncryptedColumn[]> {
  const rows = await db.read<Omit<EncryptedColumn, "owners"> & { comment: string }>(LIST);
  return rows.map(({ comment, ...column }) => ({ ...column, owners: ownersIn(comment) }));
}

/** Returns the owner columns that are named in the SQL comment of an encrypted column. */
export const ownersIn = (comment: string): string[] =>
  /^encrypted for (\w+(?:, \w+)*)/.exec(comment)?.[1]?.split(", ") ?? [];

/**
 * Reads a page of rows in key order. Rows without a value count towards the limit, so that the database never
 * reads more rows than the limit.
 */
export async function readPage(
  db: Database,
  column: EncryptedColumn,
  currentHeader: Buffer,
  after: string | Buffer,
  limit: number,
): Promise<ColumnRow[]> {
  const { key, value, table, owners } = quoted(column);
  return await db.read<ColumnRow>(
    `SELECT ${key} AS \`key\`, LEFT(${value}, ${currentHeader.length}) AS header,
       IF(LEFT(${value}, ${currentHeader.length}) = ?, NULL, ${value}) AS value, JSON_ARRAY(${owners}) AS owners
     FROM ${table} WHERE ${key} > ? ORDER BY ${key} LIMIT ?`,
    [currentHeader, keyParam(column, after), limit],
  );
}

export interface Replacement {
  key: string | Buffer;
  from: Buffer;
  to: Buffer;
}

/** Replaces encrypted values. Skips each value that a service has changed since this process read it. */
export async function replaceValues(
  db: Database,
  column: EncryptedColumn,
  replacements: Replacement[],
): Promise<void> {
  const { key, value, table } = quoted(column);
  const sql = `UPDATE ${table} SET ${value} = ? WHERE ${key} = ? AND LEFT(${value}, ${IDENTIFYING_BYTES}) = ?`;
  await db.transaction(async (tx) => {
    for (const { key: id, from, to } of replacements) {
      tx.defer(sql, [to, keyParam(column, id), from.subarray(0, IDENTIFYING_BYTES)]);
    }
  });
}

/** Makes a SQL parameter from a primary key. The empty string, which sorts first, starts the first page. */
const keyParam = ({ keyIsId }: EncryptedColumn, key: string | Buffer): SqlScalar =>
  keyIsId && typeof key === "string" && key !== "" ? binaryId(key) : key;

/** Names of the column's table and columns, quoted for SQL. The names come from information_schema. */
const quoted = ({ table, column, key, owners }: EncryptedColumn) => ({
  table: `\`${table}\``,
  value: `\`${column}\``,
  key: `\`${key}\``,
  owners: owners.map((owner) => `BIN_TO_UUID(\`${owner}\`)`).join(),
});
