import type { Database } from "../db/database.ts";

const FIND = "SELECT value FROM secrets WHERE name = ?";
const KEEP = "INSERT INTO secrets (name, value) VALUES (?, ?) ON DUPLICATE KEY UPDATE name = secrets.name";

/** Finds an encrypted secret by name. */
export async function findSecret(db: Database, name: string): Promise<Buffer | undefined> {
  const [row] = await db.read<{ value: Buffer }>(FIND, [name]);
  return row?.value;
}

/**
 * Stores an encrypted secret. Does nothing if a secret with this name is stored already, for example by
 * another process.
 */
export async function keepSecret(db: Database, name: string, encrypted: Buffer): Promise<void> {
  await db.write(KEEP, [name, encrypted]);
}
