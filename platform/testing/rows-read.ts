import type { Database } from "../db/database.ts";

type Pool = "read" | "scan";

/**
 * Rows that MySQL reads for the statements of `work` on a pool, plus a few hundred for the counter. Statements must run one at a
 * time, in a test file that never runs two on that pool at once: they and the counter then share one connection.
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
