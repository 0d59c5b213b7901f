import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { checksumOf, migrate } from "@medconnect/platform/db/migrate.ts";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { SetupError } from "../command/setup-error.ts";
import { connectAdmin } from "./admin-connection.ts";

/** Default prefix of the names of schemas and database users. */
export const SCHEMA_PREFIX = "medconnect_";

export interface ProvisionOptions {
  /**
   * URL of the MySQL server, mysql://user:password@host:port, with a user who can create schemas and users.
   */
  adminUrl: string;
  /** Prefix of the names of schemas and database users. The name of the service follows it. */
  prefix?: string;
  passwords: Record<ServiceName, string>;
  /** Time for which an unreachable server is retried, in ms. */
  waitMs?: number;
}

const ROOT = join(import.meta.dirname, "../..");
/** First migration of every schema. Older releases had another first migration, with ids as text. */
const BASELINE = "0001_platform.sql";

/**
 * Creates missing schemas, users, tables and rights. Throws if the schemas were made by an older release.
 *
 * @returns the applied migrations, such as "scheduling 0001_scheduling.sql"
 */
export async function provision(options: ProvisionOptions): Promise<string[]> {
  const { adminUrl, prefix = SCHEMA_PREFIX, passwords, waitMs = 0 } = options;
  const admin = await connectAdmin(adminUrl, waitMs);
  try {
    const applied: string[] = [];
    await refuseOlderData(admin, prefix);
    for (const service of SERVICES) {
      const schema = prefix + service;
      await createSchema(admin, schema, passwords[service]);
      for (const directory of ["platform/migrations", `services/${service}/migrations`]) {
        const names = await migrateSchema(adminUrl, schema, join(ROOT, directory));
        applied.push(...names.map((name) => `${service} ${name}`));
      }
      await grantTables(admin, schema);
    }
    return applied;
  } catch (error) {
    throw error instanceof Error && "sqlState" in error ? new SetupError(`MySQL: ${error.message}.`) : error;
  } finally {
    await admin.end();
  }
}

/** Throws if the schemas were made by an older release, whose data this one cannot read. Changes nothing. */
async function refuseOlderData(admin: Connection, prefix: string): Promise<void> {
  const baseline = checksumOf(await readFile(join(ROOT, "platform/migrations", BASELINE), "utf8"));
  for (const service of SERVICES) {
    const found = await baselineOf(admin, prefix + service);
    if (found === undefined || found === baseline) continue;
    throw new SetupError(
      `The databases ${prefix}… belong to an older release, whose data this release cannot read. Delete them with ` +
        "npm start -- --reset, or choose another --data-dir or MYSQL_PREFIX.",
    );
  }
}

/** Returns the checksum of the first migration that was applied to a schema; undefined if none was. */
async function baselineOf(admin: Connection, schema: string): Promise<string | undefined> {
  const [tables] = await admin.query<RowDataPacket[]>(
    "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = 'schema_migrations'",
    [schema],
  );
  if (tables.length === 0) return undefined;
  const sql = "SELECT checksum FROM ??.schema_migrations WHERE name = ?";
  const [rows] = await admin.query<RowDataPacket[]>(sql, [schema, BASELINE]);
  return rows[0]?.checksum;
}

/** Creates a schema, and a database user of the same name, who has no rights yet. */
async function createSchema(admin: Connection, schema: string, password: string): Promise<void> {
  await admin.query(
    "CREATE DATABASE IF NOT EXISTS ?? CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci",
    schema,
  );
  await admin.query("CREATE USER IF NOT EXISTS ?@'%' IDENTIFIED BY ?", [schema, password]);
  await admin.query("ALTER USER ?@'%' IDENTIFIED BY ?", [schema, password]);
}

async function migrateSchema(url: string, schema: string, directory: string): Promise<string[]> {
  try {
    return await migrate({ url, schema, directory });
  } catch (error) {
    throw new SetupError(`${schema}: ${error instanceof Error ? error.message : error}`);
  }
}

const APPEND = ["INSERT", "SELECT"];
const CHANGE = ["DELETE", "INSERT", "SELECT", "UPDATE"];

/**
 * Grants a service's database user rights on the rows of each table. In append-only tables, the user can
 * insert rows, but can change encrypted columns only, for `npm run rekey`. Skips rights that exist, because
 * each GRANT costs a commit.
 */
async function grantTables(admin: Connection, schema: string): Promise<void> {
  const [tables] = await admin.query<RowDataPacket[]>(
    `SELECT TABLE_NAME AS name, TABLE_COMMENT AS comment FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = ? AND TABLE_NAME <> 'schema_migrations'`,
    [schema],
  );
  const rights = await rightsOnTables(admin, schema);
  for (const { name, comment } of tables) {
    const wanted = comment === "append-only" ? APPEND : CHANGE;
    if (rights.get(name) === wanted.join()) continue;
    await admin.query(`GRANT ${wanted} ON ??.?? TO ?@'%'`, [schema, name, schema]);
    if (wanted === APPEND) {
      await admin.query("REVOKE IF EXISTS UPDATE, DELETE ON ??.?? FROM ?@'%'", [schema, name, schema]);
    }
  }
  for (const { table, column } of await closedEncryptedColumns(admin, schema)) {
    await admin.query("GRANT UPDATE (??) ON ??.?? TO ?@'%'", [column, schema, table, schema]);
  }
}

/**
 * Returns the rights of the schema's user by table. The rights of a table are sorted and separated by commas.
 */
async function rightsOnTables(admin: Connection, schema: string): Promise<Map<string, string>> {
  const [rows] = await admin.query<RowDataPacket[]>(
    `SELECT TABLE_NAME AS name, GROUP_CONCAT(PRIVILEGE_TYPE ORDER BY PRIVILEGE_TYPE) AS rights
     FROM information_schema.TABLE_PRIVILEGES WHERE TABLE_SCHEMA = ? AND GRANTEE = ? GROUP BY TABLE_NAME`,
    [schema, granteeOf(schema)],
  );
  return new Map(rows.map(({ name, rights }) => [name, rights]));
}

/** Returns the encrypted columns of append-only tables that the schema's user cannot change yet. */
async function closedEncryptedColumns(admin: Connection, schema: string): Promise<RowDataPacket[]> {
  const [columns] = await admin.query<RowDataPacket[]>(
    `SELECT TABLE_NAME AS \`table\`, COLUMN_NAME AS \`column\`
     FROM information_schema.COLUMNS JOIN information_schema.TABLES USING (TABLE_SCHEMA, TABLE_NAME)
     WHERE TABLE_SCHEMA = ? AND TABLE_COMMENT = 'append-only' AND COLUMN_COMMENT LIKE 'encrypted%'
       AND (TABLE_NAME, COLUMN_NAME) NOT IN (
         SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMN_PRIVILEGES
         WHERE TABLE_SCHEMA = ? AND GRANTEE = ? AND PRIVILEGE_TYPE = 'UPDATE'
       )`,
    [schema, schema, granteeOf(schema)],
  );
  return columns;
}

/** Name of the schema's user, as information_schema writes it. */
const granteeOf = (schema: string): string => `'${schema}'@'%'`;
