import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import type { Connection, ResultSetHeader, RowDataPacket } from "mysql2/promise";
import { SetupError } from "../../command/setup-error.ts";
import { connectAdmin } from "../../schemas/admin-connection.ts";
import { createSchema, type SchemaServers } from "../../schemas/provision.ts";

/** Loads rows as they were written: the values of the backup satisfied all checks already. */
const SESSION =
  "SET SESSION unique_checks = 0, foreign_key_checks = 0, time_zone = '+00:00', " +
  "sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'";

/** Empty schemas on their servers, to which a backup is restored. */
export class TargetSchemas {
  readonly #prefix: string;
  readonly #connections = new Map<ServiceName, Connection>();

  private constructor(prefix: string) {
    this.#prefix = prefix;
  }

  static async connect({ prefix, urls }: SchemaServers): Promise<TargetSchemas> {
    const target = new TargetSchemas(prefix);
    for (const service of SERVICES) target.#connections.set(service, await connectAdmin(urls[service]));
    return target;
  }

  /** Throws SetupError while a service is connected to its schema. */
  async refuseWhileServicesRun(): Promise<void> {
    for (const service of SERVICES) {
      const [[row]] = await this.#of(service).query<RowDataPacket[]>(
        "SELECT COUNT(*) AS count FROM information_schema.PROCESSLIST WHERE USER = ?",
        [this.#prefix + service],
      );
      if (row?.count === 0) continue;
      throw new SetupError(
        `${service} has ${row?.count} connections to its schema. Stop all processes of MedConnect first.`,
      );
    }
  }

  /** Returns the schemas that have tables. */
  async occupied(): Promise<string[]> {
    const names: string[] = [];
    for (const service of SERVICES) {
      const name = this.#prefix + service;
      const [tables] = await this.#of(service).query<RowDataPacket[]>(
        "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? LIMIT 1",
        [name],
      );
      if (tables.length > 0) names.push(name);
    }
    return names;
  }

  /**
   * Deletes the schemas and their users, and makes new schemas. Without users, no service can use a schema that is
   * restored in part.
   */
  async recreate(): Promise<void> {
    for (const service of SERVICES) {
      const connection = this.#of(service);
      const name = this.#prefix + service;
      await connection.query("DROP USER IF EXISTS ?@'%'", [name]);
      await connection.query("DROP DATABASE IF EXISTS ??", [name]);
      await createSchema(connection, name);
      await connection.query("USE ??", [name]);
      await connection.query(SESSION);
    }
  }

  /** Runs a statement of the backup. @returns the number of inserted rows */
  async run(service: ServiceName, sql: string): Promise<number> {
    const [result] = await this.#of(service).query<ResultSetHeader>(sql);
    return result.affectedRows;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connection) => connection.end()));
  }

  #of(service: ServiceName): Connection {
    const connection = this.#connections.get(service);
    if (!connection) throw new Error(`not connected to the schema of ${service}`);
    return connection;
  }
}
