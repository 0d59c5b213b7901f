import type { Progress } from "@medconnect/dev/terminal/progress.ts";
import { connectAdmin } from "@medconnect/ops/schemas/admin-connection.ts";
import { SCHEMA_PREFIX } from "@medconnect/ops/schemas/provision.ts";
import type { Connection, RowDataPacket } from "mysql2/promise";

/** Tables that each booking reads or writes, and that grow with the number of bookings. */
const TABLES = [
  { schema: "scheduling", table: "slots" },
  { schema: "scheduling", table: "bookings" },
  { schema: "clinical", table: "consultations" },
];
/** Number of rows that each `INSERT … SELECT` copies. */
const BATCH = 20_000;
/** Size of MySQL's buffer pool. It holds all indexes that bookings use, as on a production server. */
const BUFFER_POOL_BYTES = 2 ** 30;

/**
 * Settings for the two systems that are compared, one with small and one with large tables. Reconciliation is
 * off, because it would read the copied rows as recent changes.
 */
export const SIZES_ENV = { RECONCILE_EVERY: "0s" };

/** Enlarges MySQL's buffer pool to `BUFFER_POOL_BYTES`. */
export async function enlargeBufferPool(mysqlUrl: string): Promise<void> {
  const connection = await connectAdmin(mysqlUrl);
  await connection.query("SET GLOBAL innodb_buffer_pool_size = ?", [BUFFER_POOL_BYTES]);
  await connection.end();
}

/**
 * Copies a system's rows until each table has `rows` rows. Each round of copies gets new ids. The UUIDv7
 * timestamps in these ids are 65 s (2^16 ms) older than in the round before, so that the rows look like older
 * bookings.
 */
export async function fillTables(mysqlUrl: string, rows: number, progress: Progress): Promise<void> {
  const connection = await connectAdmin(mysqlUrl);
  await connection.query("SET SESSION sql_log_bin = 0, unique_checks = 0");
  const [[before]] = await connection.query<RowDataPacket[]>(
    "SELECT @@GLOBAL.innodb_flush_log_at_trx_commit AS flush",
  );
  await connection.query("SET GLOBAL innodb_flush_log_at_trx_commit = 2");
  for (const { schema, table } of TABLES) {
    await connection.query(`USE ${SCHEMA_PREFIX}${schema}`);
    await fillTable(connection, table, rows, progress);
  }
  await connection.query("SET GLOBAL innodb_flush_log_at_trx_commit = ?", [before!.flush]);
  await connection.end();
}

async function fillTable(
  connection: Connection,
  table: string,
  rows: number,
  progress: Progress,
): Promise<void> {
  const columns = await columnsOf(connection, table);
  const names = columns.map(({ name }) => name).join(", ");
  const values = columns.map(copied).join(", ");
  await connection.query(`CREATE TEMPORARY TABLE originals AS SELECT ${names} FROM ${table} LIMIT ${BATCH}`);
  const originals = await count(connection, "originals");
  const insert = `INSERT INTO ${table} (${names}) SELECT ${values} FROM originals`;
  let made = await count(connection, table);
  for (let copy = 1; made < rows; copy++, made += originals) {
    progress.detail(`${table}: ${made.toLocaleString("en")} rows`);
    await connection.query(insert.replaceAll(":copy", `${copy}`));
  }
  await connection.query("DROP TEMPORARY TABLE originals");
  await connection.query(`ANALYZE TABLE ${table}`);
}

interface Column {
  name: string;
  type: string;
}

async function columnsOf(connection: Connection, table: string): Promise<Column[]> {
  const [rows] = await connection.query<(Column & RowDataPacket)[]>(
    `SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND GENERATION_EXPRESSION = '' ORDER BY ORDINAL_POSITION`,
    [table],
  );
  return rows;
}

/** SQL expression for the value of a column in round `:copy` of the copies. */
function copied({ name, type }: Column): string {
  if (type !== "binary(16)") return name;
  const hex = `HEX(${name})`;
  return `UNHEX(CONCAT(LPAD(HEX(CONV(LEFT(${hex}, 8), 16, 10) - :copy), 8, '0'), SUBSTRING(${hex}, 9)))`;
}

async function count(connection: Connection, table: string): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>(`SELECT COUNT(*) AS count FROM ${table}`);
  return rows[0]!.count;
}
