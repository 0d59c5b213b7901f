import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";

/**
 * A column of encrypted values. The context of each is `{table}.{column}:{key}`, a binary key in hex,
 * followed by the row's owners, each after a colon.
 */
export interface EncryptedColumn {
  table: string;
  column: string;
  /** Name of the primary key's column. */
  key: string;
  /** 1 if the key is an id (MySQL's boolean). */
  keyIsId: number;
  /** Columns whose values are part of the context. */
  owners: string[];
}

/** A row with the start of its value. It has the whole value only if that is under an older key. */
export interface ColumnRow {
  key: string | Buffer;
  /** Format and key id; null in a row without a value. */
  header: Buffer | null;
  /** Null if it is under the current key. */
  value: Buffer | null;
  owners: string[];
}

/**
 * Encrypted columns declare themselves by a comment: "encrypted", or "encrypted for patient_id, doctor_id"
 * with their owners.
 */
const LIST = `SELECT c.TABLE_NAME AS \`table\`, c.COLUMN_NAME AS \`column\`, GROUP_CONCAT(k.COLUMN_NAME) AS \`key\`,
    MAX(k.COLUMN_TYPE = 'binary(16)') AS keyIsId, c.COLUMN_COMMENT AS comment
  FROM information_schema.COLUMNS c
  JOIN information_schema.COLUMNS k
    ON k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME AND k.COLUMN_KEY = 'PRI'
  WHERE c.TABLE_SCHEMA = DATABASE() AND c.COLUMN_COMMENT LIKE 'encrypted%'
  GROUP BY c.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_COMMENT ORDER BY c.TABLE_NAME, c.COLUMN_NAME`;

/** Header, IV and tag identify a value, because its IV is random. */
const IDENTIFYING_BYTES = 33;

export async function listEncryptedColumns(db: Database): Promise<EncryptedColumn[]> {
  const rows = await db.read<Omit<EncryptedColumn, "owners"> & { comment: string }>(LIST);
  return rows.map(({ comment, ...column }) => ({ ...column, owners: ownersIn(comment) }));
}

/** Owner columns in the comment of an encrypted column. */
export const ownersIn = (comment: string): string[] =>
  /^encrypted for (\w+(?:, \w+)*)/.exec(comment)?.[1]?.split(", ") ?? [];

/** Reads rows in key order, including those without a value, so that the limit bounds the rows read. */
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

/** Replaces values, except those that a service has rewritten since they were read. */
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

/** A key as a parameter of SQL. "" sorts before the first key. */
const keyParam = ({ keyIsId }: EncryptedColumn, key: string | Buffer): SqlValue =>
  keyIsId && typeof key === "string" && key !== "" ? binaryId(key) : key;

/** Names from information_schema, quoted for SQL. */
const quoted = ({ table, column, key, owners }: EncryptedColumn) => ({
  table: `\`${table}\``,
  value: `\`${column}\``,
  key: `\`${key}\``,
  owners: owners.map((owner) => `BIN_TO_UUID(\`${owner}\`)`).join(),
});
