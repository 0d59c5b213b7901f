import { connectAdmin } from "@medconnect/ops/schemas/admin-connection.ts";
import { toTextIds } from "@medconnect/platform/db/binary-ids.ts";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { SCHEMA_PREFIX } from "../system.ts";

/** An invariant: a query that finds violations of it. */
export interface Rule {
  name: string;
  /**
   * Query that returns the violations. It names the services' tables as `auth.t`, `scheduling.t`,
   * `clinical.t` and `billing.t`.
   */
  sql: string;
}

const SHOWN = 3;

/** Connection to the schemas of all services, with an administrator's rights. */
export class Schemas {
  readonly #connection: Connection;
  readonly #prefix: string;

  private constructor(connection: Connection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
  }

  static async open(mysqlUrl: string, prefix = SCHEMA_PREFIX): Promise<Schemas> {
    const connection = await connectAdmin(mysqlUrl);
    await connection.query("SET time_zone = '+00:00'");
    // Needed by the ledger's checks, which name billing's tables without their schema.
    await connection.query("USE ??", [`${prefix}billing`]);
    return new Schemas(connection, prefix);
  }

  async rows(sql: string): Promise<Record<string, unknown>[]> {
    const named = sql.replaceAll(/\b(auth|scheduling|clinical|billing)\.(?=[a-z_]+)/g, `${this.#prefix}$1.`);
    const [rows, fields] = await this.#connection.query<RowDataPacket[]>(named);
    toTextIds(rows, fields ?? []);
    return rows;
  }

  /** Inserts a row for a test of the invariants. */
  async insert(table: string, columns: object): Promise<void> {
    await this.#connection.query("INSERT INTO ?? SET ?", [`${this.#prefix}${table}`, columns]);
  }

  /** @returns a line for each broken invariant, with the first violations */
  async broken(rules: readonly Rule[]): Promise<string[]> {
    const lines: string[] = [];
    for (const { name, sql } of rules) {
      const rows = await this.rows(sql);
      if (rows.length > 0) lines.push(`${name}: ${rows.length} × ${JSON.stringify(rows.slice(0, SHOWN))}`);
    }
    return lines;
  }

  async close(): Promise<void> {
    await this.#connection.end();
  }
}
