import type { Database } from "../db/database.ts";

type Pool = "read" | "scan";

/**
 * Counts the rows that MySQL reads for the statements of `work` on one pool. The result includes a few
 * hundred rows for reading the counter. MySQL counts by connection, so the pool must have only one
 * connection: a test file must never run two statements on the pool at once.
 */
export async function rowsRead(db: Database, pool: Pool, work: () => Promise<unknown>): Promise<number> {
  const before = await readCounter(db, pool);
  await work();
  return (await readCounter(db, pool)) - before;
}

async function readCounter(db: Database, pool: Pool): Promise<number> {
  const rows = await db[pool]<{ Value: string }>("SHOW SESSION STATUS LIKE 'Handler_read%'");
  return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
}
