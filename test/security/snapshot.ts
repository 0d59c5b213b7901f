import { createHash } from "node:crypto";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { toTextIds } from "@medconnect/platform/db/binary-ids.ts";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { eventually } from "../support/eventually.ts";
import { sharedStack } from "../support/stack.ts";

const SCHEMAS = ["auth", "scheduling", "clinical", "billing"].map((name) => `medconnect_${name}`);
const TOLD_WITHIN_MS = 15_000;
/**
 * Tables that are left out. Denied calls may write audit events. Deliveries of events change `inbox` and
 * `outbox`.
 */
const NOT_STATE = ["audit_events", "audit_seals", "audit_checkpoints", "inbox", "outbox"];
/** Columns that are left out, because background jobs clear them at any time. */
const NOT_STATE_COLUMNS = { licensing_change_time: undefined };

/** Hashes of rows, by table. The rows contain the id of one of the given people or objects. */
export type Snapshot = Record<string, string[]>;

/**
 * Hashes every row of all services that has one of these ids in an id column. Other tests write to the same
 * databases at the same time, but not rows with these ids.
 */
export async function snapshotOf(ids: string[]): Promise<Snapshot> {
  const database = await createConnection({ uri: sharedStack().urls.mysql });
  try {
    // First waits until events of earlier changes are delivered, because the services that receive them write
    // rows.
    await eventually(
      () => countUndelivered(database, ids),
      (count) => count === 0,
      TOLD_WITHIN_MS,
    );
    const [columns] = await database.query<RowDataPacket[]>(
      `SELECT TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS name, COLUMN_NAME AS \`column\`
       FROM information_schema.COLUMNS
       WHERE TABLE_SCHEMA IN (?) AND COLUMN_TYPE = 'binary(16)' AND TABLE_NAME NOT IN (?)`,
      [SCHEMAS, NOT_STATE],
    );
    const snapshot: Snapshot = {};
    for (const [table, group] of Map.groupBy(columns, ({ schema, name }) => `${schema}.${name}`)) {
      const conditions = group.map(() => "?? IN (?)").join(" OR ");
      const values = group.flatMap(({ column }) => [column, ids.map(binaryId)]);
      const [rows, fields] = await database.query<RowDataPacket[]>(`SELECT * FROM ?? WHERE ${conditions}`, [
        table,
        ...values,
      ]);
      toTextIds(rows, fields);
      snapshot[table] = rows
        .map((row) => `${row.id ?? ""} ${hash(JSON.stringify({ ...row, ...NOT_STATE_COLUMNS }))}`)
        .toSorted();
    }
    return snapshot;
  } finally {
    await database.end();
  }
}

async function countUndelivered(database: Connection, ids: string[]): Promise<number> {
  let count = 0;
  for (const schema of SCHEMAS) {
    const sql = "SELECT COUNT(*) AS count FROM ?? WHERE aggregateid IN (?)";
    const [rows] = await database.query<RowDataPacket[]>(sql, [`${schema}.outbox`, ids]);
    count += Number(rows[0]?.count);
  }
  return count;
}

const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
