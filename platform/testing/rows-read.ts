import type { Database } from "../db/database.ts";

type Pool = "read" | "scan";

/**
 * Number of rows that MySQL reads for the statements of `work` on a pool, plus a few hundred for the counter.
 * The test file must never run two statements on that pool at once, so that they share one connection with
 * the counter.
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
