import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";

export interface MigrateOptions {
  /** mysql://user:password@host:port of an account with DDL privileges on the schema. */
  url: string;
  schema: string;
  /** Directory of the migrations: files `NNNN_name.sql`, each with one or more statements. */
  directory: string;
}

const FILE_NAME = /^\d{4}_[a-z0-9_]+\.sql$/;
const LOCK_TIMEOUT_S = 120;

/**
 * Applies the migrations that the schema lacks, in the order of their names. If several processes call this
 * at once, one runs and the others wait. Throws if a migration fails, or if the file of an applied migration
 * has changed.
 *
 * @returns the names of the migrations that this call has applied
 */
export async function migrate({ url, schema, directory }: MigrateOptions): Promise<string[]> {
  const connection = await createConnection({
    uri: url,
    database: schema,
    multipleStatements: true,
    timezone: "Z",
    charset: "utf8mb4",
  });
  try {
    await lock(connection, schema);
    return await applyMissing(connection, directory);
  } finally {
    // Closing the connection releases the lock that `lock` has taken.
    await connection.end();
  }
}

async function lock(connection: Connection, schema: string): Promise<void> {
  // Hashes the lock name, because MySQL allows at most 64 characters. The name of a schema alone may be that
  // long.
  const [rows] = await connection.query<RowDataPacket[]>(
    "SELECT GET_LOCK(SHA2(CONCAT('migrate ', ?), 256), ?) AS taken",
    [schema, LOCK_TIMEOUT_S],
  );
  if (rows[0]?.taken !== 1) {
    throw new Error(`Another migration of ${schema} has not finished within two minutes. Try again later.`);
  }
}

async function applyMissing(connection: Connection, directory: string): Promise<string[]> {
  const checksums = await readChecksums(connection);
  const applied: string[] = [];
  for (const name of await migrationsIn(directory)) {
    const sql = await readFile(join(directory, name), "utf8");
    const checksum = checksumOf(sql);
    const known = checksums.get(name);
    if (known === checksum) continue;
    if (known !== undefined) {
      throw new Error(
        `Migration ${name} was changed after it had been applied. Restore it and add a new one.`,
      );
    }
    await apply(connection, name, sql);
    await connection.query("INSERT INTO schema_migrations (name, checksum) VALUES (?, ?)", [name, checksum]);
    applied.push(name);
  }
  return applied;
}

/** Checksum of the text of a migration, as stored in `schema_migrations`. */
export const checksumOf = (sql: string): string => createHash("sha256").update(sql).digest("hex");

/** Reads the checksums of applied migrations, by name. */
async function readChecksums(connection: Connection): Promise<Map<string, string>> {
  await connection.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
    name VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    checksum CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'SHA-256 of the file',
    apply_time DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3))
  )`);
  const [rows] = await connection.query<RowDataPacket[]>("SELECT name, checksum FROM schema_migrations");
  return new Map(rows.map(({ name, checksum }) => [name, checksum]));
}

async function migrationsIn(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sql")).sort();
  const odd = names.find((name) => !FILE_NAME.test(name));
  if (odd) throw new Error(`Migration ${odd} must be named like 0001_add_table.sql.`);
  return names;
}

async function apply(connection: Connection, name: string, sql: string): Promise<void> {
  try {
    await connection.query(sql);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // MySQL commits each DDL statement by itself, so the earlier statements of the migration stay applied.
    throw new Error(`Migration ${name} failed: ${reason}. Undo its earlier statements, then run it again.`);
  }
}
