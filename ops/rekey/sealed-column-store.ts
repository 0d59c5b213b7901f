import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";

/**
 * A column of sealed values. The place of each is `{table}.{column}:{key}`, a binary key in hex, followed by the row's
 * owners, each after a colon.
 */
export interface SealedColumn {
  table: string;
  column: string;
  /** The column that is the table's primary key. */
  key: string;
  /** 1 if the key is an id. */
  keyIsId: number;
  /** Columns for whose values a value is sealed. */
  owners: string[];
}

/** A value as it is read: its key, what it begins with, and all of it where it is not sealed under the current key. */
export interface SealedRow {
  key: string | Buffer;
  /** Format and key id; null where the row has no value. */
  header: Buffer | null;
  /** Null where it is sealed under the current key. */
  value: Buffer | null;
  /** Values of the owner columns, in their order. */
  owners: string[];
}

/**
 * The schema itself declares what is sealed: a column whose comment begins with "sealed", or "sealed for patient_id,
 * doctor_id" with its owners.
 */
const LIST = `SELECT c.TABLE_NAME AS \`table\`, c.COLUMN_NAME AS \`column\`, GROUP_CONCAT(k.COLUMN_NAME) AS \`key\`,
    MAX(k.COLUMN_TYPE = 'binary(16)') AS keyIsId, c.COLUMN_COMMENT AS comment
  FROM information_schema.COLUMNS c
  JOIN information_schema.COLUMNS k
    ON k.TABLE_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME AND k.COLUMN_KEY = 'PRI'
  WHERE c.TABLE_SCHEMA = DATABASE() AND c.COLUMN_COMMENT LIKE 'sealed%'
  GROUP BY c.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_COMMENT ORDER BY c.TABLE_NAME, c.COLUMN_NAME`;

/** Header, IV and tag: they tell one seal from every other, as each has a random IV. */
const SEAL_BYTES = 33;

export async function listSealedColumns(db: Database): Promise<SealedColumn[]> {
  const rows = await db.read<Omit<SealedColumn, "owners"> & { comment: string }>(LIST);
  return rows.map(({ comment, ...column }) => ({ ...column, owners: ownersIn(comment) }));
}

/** Owner columns that a sealed column's comment declares. */
export const ownersIn = (comment: string): string[] =>
  /^sealed for (\w+(?:, \w+)*)/.exec(comment)?.[1]?.split(", ") ?? [];

/** Rows in the order of their keys, those without a value as well: so a page costs what its rows cost. */
export async function readPage(
  db: Database,
  column: SealedColumn,
  currentHeader: Buffer,
  after: string | Buffer,
  limit: number,
): Promise<SealedRow[]> {
  const { key, value, table, owners } = quoted(column);
  return await db.read<SealedRow>(
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

/** Puts values in the place of others that say the same; one that was written meanwhile stays. */
export async function replaceValues(
  db: Database,
  column: SealedColumn,
  replacements: Replacement[],
): Promise<void> {
  const { key, value, table } = quoted(column);
  const sql = `UPDATE ${table} SET ${value} = ? WHERE ${key} = ? AND LEFT(${value}, ${SEAL_BYTES}) = ?`;
  await db.transaction(async (tx) => {
    for (const { key: id, from, to } of replacements) {
      tx.defer(sql, [to, keyParam(column, id), from.subarray(0, SEAL_BYTES)]);
    }
  });
}

/** A key as a parameter; before the first, it is "". */
const keyParam = ({ keyIsId }: SealedColumn, key: string | Buffer): SqlValue =>
  keyIsId && typeof key === "string" && key !== "" ? binaryId(key) : key;

/** Names out of information_schema, as SQL. */
const quoted = ({ table, column, key, owners }: SealedColumn) => ({
  table: `\`${table}\``,
  value: `\`${column}\``,
  key: `\`${key}\``,
  owners: owners.map((owner) => `BIN_TO_UUID(\`${owner}\`)`).join(),
});
