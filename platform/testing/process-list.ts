import type { Database } from "../db/database.ts";

/** A connection of the server. */
interface ServerProcess {
  id: number;
  /** True if the connection uses the schema of the database that asks. */
  isOfSchema: boolean;
  /** Text of the running statement; null if none runs. */
  statement: string | null;
}

/**
 * Lists the connections of the server that this database's user may see. Does not use
 * information_schema.PROCESSLIST, which throws while any statement has a binary parameter that is not UTF-8.
 */
export async function processList(db: Database): Promise<ServerProcess[]> {
  const [own] = await db.read<{ name: string }>("SELECT DATABASE() AS name");
  const rows = await db.read<{ Id: number; db: string | null; Info: string | null }>("SHOW FULL PROCESSLIST");
  return rows.map((row) => ({ id: Number(row.Id), isOfSchema: row.db === own?.name, statement: row.Info }));
}
