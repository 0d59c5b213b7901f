import { Database } from "@medconnect/platform/db/database.ts";
import type { Source } from "./sources.ts";

const STATEMENT_TIMEOUT_MS = 60_000;

export interface TrailDatabases {
  db: Database;
  /** Database with the trail's checkpoints; undefined if the command runs with `--no-witness`. */
  witness: Database | undefined;
}

/** Opens the databases of an audit trail and of its witness, runs `work`, and closes the databases. */
export async function withDatabases<T>(
  { databaseUrl, witnessUrl }: Source,
  work: (databases: TrailDatabases) => Promise<T>,
): Promise<T> {
  const open = (url: string) => new Database({ url, poolSize: 1, timeoutMs: STATEMENT_TIMEOUT_MS });
  const db = open(databaseUrl);
  const witness = witnessUrl === undefined ? undefined : open(witnessUrl);
  try {
    return await work({ db, witness });
  } finally {
    await db.close();
    await witness?.close();
  }
}
