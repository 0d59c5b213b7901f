import type { Connection, RowDataPacket } from "mysql2/promise";

/**
 * Table that `npm run restore` creates in a schema first and drops last. A restore that was killed leaves it, so that
 * nobody takes a part of the data for all of it.
 */
const MARK = "unfinished_restore";

/** True if a restore of the schema has begun and not ended. */
export async function isRestoreUnfinished(admin: Connection, schema: string): Promise<boolean> {
  const [marks] = await admin.query<RowDataPacket[]>(
    "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
    [schema, MARK],
  );
  return marks.length > 0;
}

export async function markUnfinished(admin: Connection, schema: string): Promise<void> {
  await admin.query("CREATE TABLE IF NOT EXISTS ??.?? (id INT PRIMARY KEY)", [schema, MARK]);
}

export async function markFinished(admin: Connection, schema: string): Promise<void> {
  await admin.query("DROP TABLE ??.??", [schema, MARK]);
}
