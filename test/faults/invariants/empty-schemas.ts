import { connectAdmin } from "@medconnect/ops/schemas/admin-connection.ts";
import { onOneServer, provision } from "@medconnect/ops/schemas/provision.ts";
import { SERVICES } from "@medconnect/topology/services.ts";
import { namedColumns, type Row, storedColumns } from "./rows.ts";
import { Schemas } from "./schemas.ts";

const mysqlUrl = process.env.MYSQL_URL!;
const prefix = `inv${process.pid}_`;

/**
 * Database schemas without rows. They lack the unique index and the SQL mode that would refuse rows that
 * break an invariant.
 */
export class EmptySchemas {
  readonly #stored: Schemas;
  /** The schemas as a check reads them. Queries return the short names of rows.ts instead of ids. */
  readonly schemas: Schemas;

  private constructor(stored: Schemas) {
    this.#stored = stored;
    this.schemas = Object.create(stored, {
      rows: { value: async (sql: string) => (await stored.rows(sql)).map(namedColumns) },
    });
  }

  static async make(): Promise<EmptySchemas> {
    await provision({
      ...onOneServer(mysqlUrl, prefix),
      passwords: { auth: "x", scheduling: "x", clinical: "x", billing: "x" },
    });
    const schemas = await Schemas.open(mysqlUrl, prefix);
    await schemas.rows("SET sql_mode = ''");
    await schemas.rows("ALTER TABLE scheduling.bookings DROP KEY one_live_booking_a_slot");
    return new EmptySchemas(schemas);
  }

  /** Inserts the rows, runs `look`, and rolls back. */
  async withRows<T>(rows: readonly Row[], look: (schemas: Schemas) => Promise<T>): Promise<T> {
    await this.#stored.rows("START TRANSACTION");
    try {
      for (const row of rows) await this.#stored.insert(row[0], storedColumns(row));
      return await look(this.schemas);
    } finally {
      await this.#stored.rows("ROLLBACK");
    }
  }

  async drop(): Promise<void> {
    await this.#stored.close();
    const admin = await connectAdmin(mysqlUrl);
    for (const service of SERVICES) await admin.query(`DROP DATABASE ${prefix}${service}`);
    for (const service of SERVICES) await admin.query(`DROP USER ${prefix}${service}`);
    await admin.end();
  }
}
