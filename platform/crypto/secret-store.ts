import type { Database } from "../db/database.ts";

const FIND = "SELECT value FROM secrets WHERE name = ?";
const KEEP = "INSERT INTO secrets (name, value) VALUES (?, ?) ON DUPLICATE KEY UPDATE name = secrets.name";
const HAS_KEYS = "SELECT id FROM idempotency_keys LIMIT 1";

/** A secret as it is kept, sealed. */
export async function findSecret(db: Database, name: string): Promise<Buffer | undefined> {
  const [row] = await db.read<{ value: Buffer }>(FIND, [name]);
  return row?.value;
}

/** Keeps a secret, unless another process was faster. */
export async function keepSecret(db: Database, name: string, sealed: Buffer): Promise<void> {
  await db.write(KEEP, [name, sealed]);
}

export async function hasIdempotencyKeys(db: Database): Promise<boolean> {
  return (await db.read(HAS_KEYS)).length > 0;
}
