import type { Connection as CallbackConnection } from "mysql2";
import type { Connection, RowDataPacket } from "mysql2/promise";
import type { Snapshot } from "./snapshot.ts";
import { literalOf } from "./sql-literals.ts";

/** Length of an INSERT statement, in characters, from which the next row begins another one. */
const STATEMENT_LENGTH = 256 * 1024;

export interface Table {
  readonly name: string;
  /** Columns whose values are stored, with their types. InnoDB computes the others. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

export async function tablesOf({ connection, facts }: Snapshot): Promise<Table[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT c.TABLE_NAME AS \`table\`, c.COLUMN_NAME AS name, c.DATA_TYPE AS type
     FROM information_schema.COLUMNS c JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME)
     WHERE c.TABLE_SCHEMA = ? AND t.TABLE_TYPE = 'BASE TABLE' AND c.GENERATION_EXPRESSION = ''
     ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION`,
    [facts.name],
  );
  return [...Map.groupBy(rows, ({ table }) => table as string)].map(([name, columns]) => ({
    name,
    columns: columns.map(({ name, type }) => ({ name, type })),
  }));
}

/** Returns the CREATE TABLE statement of a table, in one line. */
export async function definitionOf({ connection, facts }: Snapshot, { name }: Table): Promise<string> {
  const [[row]] = await connection.query<RowDataPacket[]>("SHOW CREATE TABLE ??.??", [facts.name, name]);
  return `${String(row?.["Create Table"]).replaceAll("\n", " ")};`;
}

/** INSERT statements with the rows of a table, and the number of rows in each. */
export async function* insertsOf(
  { connection, facts }: Snapshot,
  table: Table,
): AsyncGenerator<{ sql: string; rows: number }> {
  const columns = table.columns.map(({ name }) => `\`${name}\``).join(",");
  const begin = `INSERT INTO \`${table.name}\` (${columns}) VALUES `;
  let values: string[] = [];
  let length = 0;
  const statement = () => ({ sql: `${begin}${values.join(",")};`, rows: values.length });
  for await (const row of literalsOf(
    connection,
    `SELECT ${columns} FROM \`${facts.name}\`.\`${table.name}\``,
    table,
  )) {
    const value = `(${row.join(",")})`;
    values.push(value);
    length += value.length;
    if (length < STATEMENT_LENGTH) continue;
    yield statement();
    values = [];
    length = 0;
  }
  if (values.length > 0) yield statement();
}

/** Streams rows whose values are SQL literals. The server waits while the reader is behind. */
function literalsOf(connection: Connection, sql: string, { columns }: Table): AsyncIterable<string[]> {
  const typeOf = new Map(columns.map(({ name, type }) => [name, type]));
  const { connection: core } = connection as unknown as { connection: CallbackConnection };
  return core
    .query({
      sql,
      rowsAsArray: true,
      typeCast: (field: { name: string; buffer(): Buffer | null }) =>
        literalOf(typeOf.get(field.name) ?? "", field.buffer()),
    })
    .stream({ highWaterMark: 200 }) as AsyncIterable<string[]>;
}

/** Settings of a session that loads a backup. Its rows satisfied all checks already when they were written. */
export const LOADING_SESSION =
  "SET SESSION unique_checks = 0, foreign_key_checks = 0, time_zone = '+00:00', " +
  "sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'";

/** Begins the SQL of a schema for the client `mysql`. `npm run restore` skips it, and chooses the schema itself. */
export const useSchema = (name: string): string[] => [
  "SET NAMES utf8mb4;",
  `${LOADING_SESSION};`,
  `CREATE DATABASE IF NOT EXISTS \`${name}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci;`,
  `USE \`${name}\`;`,
];
export const isUseSchema = (sql: string): boolean => /^(CREATE DATABASE|SET|USE) /.test(sql);
