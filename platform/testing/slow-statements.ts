import { Database } from "../db/database.ts";
import { processList } from "./process-list.ts";

/** Opens a database on the test server, by default with one connection in each pool. */
export function databaseWith(timeoutMs: number, poolSize = 1): Database {
  const url = new URL(process.env.MYSQL_URL ?? "");
  url.pathname = "/mysql";
  return new Database({ url: url.href, poolSize, timeoutMs });
}

/** FROM clause of a join that runs for hours. */
export const ENDLESS =
  "information_schema.COLLATIONS a, information_schema.COLLATIONS b, information_schema.COLLATIONS c, information_schema.COLLATIONS d, information_schema.COLLATIONS e";

/** Number of statements that run on the server and contain `mark` in their text. */
export async function runningStatements(db: Database, mark: string): Promise<number> {
  return (await processList(db)).filter(({ statement }) => statement?.includes(mark)).length;
}
