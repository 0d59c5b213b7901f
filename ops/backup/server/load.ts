import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import type { Connection, ResultSetHeader, RowDataPacket } from "mysql2/promise";
import { SetupError } from "../../command/setup-error.ts";
import { connectAdmin } from "../../schemas/admin-connection.ts";
import { createSchema, type SchemaServers } from "../../schemas/provision.ts";
import { isRestoreUnfinished, markFinished, markUnfinished } from "../../schemas/unfinished-restore.ts";
import { LOADING_SESSION } from "./dump.ts";

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

  /** Throws SetupError while another process restores these schemas. The locks end with the connections. */
  async refuseOtherRestores(): Promise<void> {
    for (const service of SERVICES) {
      const name = this.#prefix + service;
      const [[lock]] = await this.#of(service).query<RowDataPacket[]>("SELECT GET_LOCK(?, 0) AS isMine", [
        `restore ${name}`,
      ]);
      if (lock?.isMine !== 1)
        throw new SetupError(`Another process restores ${name}. Wait until it has ended.`);
    }
  }

  /** Returns the schemas that have tables. Leaves out those of a restore that was broken off. */
  async occupied(): Promise<string[]> {
    const names: string[] = [];
    for (const service of SERVICES) {
      const name = this.#prefix + service;
      if (await isRestoreUnfinished(this.#of(service), name)) continue;
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
   * restored in part. `npm run migrate` creates no users before `finish`, also if this process is killed.
   */
  async recreate(): Promise<void> {
    for (const service of SERVICES) await this.#begin(service);
    for (const service of SERVICES) {
      const connection = this.#of(service);
      const name = this.#prefix + service;
      await connection.query("DROP USER IF EXISTS ?@'%'", [name]);
      await connection.query("DROP DATABASE IF EXISTS ??", [name]);
      await this.#begin(service);
      await connection.query("USE ??", [name]);
      await connection.query(LOADING_SESSION);
    }
  }

  async #begin(service: ServiceName): Promise<void> {
    const name = this.#prefix + service;
    await createSchema(this.#of(service), name);
    await markUnfinished(this.#of(service), name);
  }

  /** Says that all data is there. */
  async finish(): Promise<void> {
    for (const service of SERVICES) await markFinished(this.#of(service), this.#prefix + service);
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
