import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { checksumOf, migrate } from "@medconnect/platform/db/migrate.ts";
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { SetupError } from "../command/setup-error.ts";
import { connectAdmin } from "./admin-connection.ts";
import { isRestoreUnfinished } from "./unfinished-restore.ts";

/** Default prefix of the names of schemas and database users. */
export const SCHEMA_PREFIX = "medconnect_";

/** MySQL servers of the services' schemas. One server may have several, or all. */
export interface SchemaServers {
  /** Prefix of the names of schemas and database users. The name of the service follows it. */
  readonly prefix: string;
  /**
   * URL of each service's server, mysql://user:password@host:port, with a user who can create schemas and users.
   */
  readonly urls: Readonly<Record<ServiceName, string>>;
}

export interface ProvisionOptions extends SchemaServers {
  readonly passwords: Readonly<Record<ServiceName, string>>;
  /** Time for which an unreachable server is retried, in ms. */
  readonly waitMs?: number;
}

/** All schemas on one server. */
export const onOneServer = (url: string, prefix = SCHEMA_PREFIX): SchemaServers => ({
  prefix,
  urls: { auth: url, scheduling: url, clinical: url, billing: url },
});

const ROOT = join(import.meta.dirname, "../..");
/** First migration of every schema. Older releases had another first migration, with ids as text. */
const BASELINE = "0001_platform.sql";

/**
 * Creates missing schemas, users, tables and rights. Throws if the schemas were made by an older release, or if a
 * restore of one has not ended.
 *
 * @returns the applied migrations, such as "scheduling 0001_scheduling.sql"
 */
export async function provision(options: ProvisionOptions): Promise<string[]> {
  const { prefix, urls, passwords, waitMs = 0 } = options;
  const admins = await connectAdmins(urls, waitMs);
  try {
    const applied: string[] = [];
    for (const service of SERVICES) {
      await refuseUnfinishedRestore(admins[service], prefix + service);
      await refuseOlderData(admins[service], prefix, prefix + service);
    }
    for (const service of SERVICES) {
      const schema = prefix + service;
      await createSchema(admins[service], schema);
      await createUser(admins[service], schema, passwords[service]);
      applied.push(...(await migrateSchema(urls[service], service, schema)));
      await grantTables(admins[service], schema);
    }
    return applied;
  } catch (error) {
    throw error instanceof Error && "sqlState" in error ? new SetupError(`MySQL: ${error.message}.`) : error;
  } finally {
    await Promise.all(SERVICES.map((service) => admins[service].end()));
  }
}

async function connectAdmins(
  urls: Readonly<Record<ServiceName, string>>,
  waitMs: number,
): Promise<Record<ServiceName, Connection>> {
  const admins = {} as Record<ServiceName, Connection>;
  for (const service of SERVICES) admins[service] = await connectAdmin(urls[service], waitMs);
  return admins;
}

/** Throws if a restore of a schema has begun and not ended. */
export async function refuseUnfinishedRestore(admin: Connection, schema: string): Promise<void> {
  if (!(await isRestoreUnfinished(admin, schema))) return;
  throw new SetupError(
    `A restore of ${schema} has begun and not ended, so its data is incomplete. Run npm run restore again.`,
  );
}

/** Throws if a schema was made by an older release, whose data this one cannot read. Changes nothing. */
async function refuseOlderData(admin: Connection, prefix: string, schema: string): Promise<void> {
  const baseline = checksumOf(await readFile(join(ROOT, "platform/migrations", BASELINE), "utf8"));
  const found = await baselineOf(admin, schema);
  if (found === undefined || found === baseline) return;
  throw new SetupError(
    `The databases ${prefix}… belong to an older release, whose data this release cannot read. Delete them with ` +
      "npm start -- --reset, or choose another --data-dir or MYSQL_PREFIX.",
  );
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

/** Creates a schema if it is missing. */
export async function createSchema(admin: Connection, schema: string): Promise<void> {
  await admin.query(
    "CREATE DATABASE IF NOT EXISTS ?? CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci",
    schema,
  );
}

/** Creates the database user of a schema, or changes the user's password. The user has the schema's name. */
async function createUser(admin: Connection, schema: string, password: string): Promise<void> {
  await admin.query("CREATE USER IF NOT EXISTS ?@'%' IDENTIFIED BY ?", [schema, password]);
  await admin.query("ALTER USER ?@'%' IDENTIFIED BY ?", [schema, password]);
}

/** Directories of the migrations of a service's schema, in the order in which they are applied. */
export const migrationDirectories = (service: ServiceName): string[] =>
  ["platform/migrations", `services/${service}/migrations`].map((directory) => join(ROOT, directory));

/** Applies the missing migrations. @returns their names, such as "scheduling 0001_scheduling.sql" */
export async function migrateSchema(url: string, service: ServiceName, schema: string): Promise<string[]> {
  const applied: string[] = [];
  for (const directory of migrationDirectories(service)) {
    try {
      const names = await migrate({ url, schema, directory });
      applied.push(...names.map((name) => `${service} ${name}`));
    } catch (error) {
      throw new SetupError(`${schema}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return applied;
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
