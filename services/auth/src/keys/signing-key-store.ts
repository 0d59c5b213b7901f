import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { KeyTimes } from "./signing-key-rules.ts";

/** A key pair that signs tokens; the private part is sealed, and gone once the key has retired. */
export interface SigningKey extends KeyTimes {
  readonly publicKey: string;
  readonly privateKey: Buffer | null;
  readonly createTime: Date;
}

const COLUMNS = `kid, generation, public_key AS publicKey, private_key AS privateKey, create_time AS createTime,
  ready_time AS readyTime, activate_time AS activateTime, retire_time AS retireTime`;
const LIVE = `SELECT ${COLUMNS} FROM signing_keys WHERE retire_time IS NULL OR retire_time > ? ORDER BY generation`;
const LOCK_LIVE = `${LIVE} FOR UPDATE`;
const ALL = `SELECT ${COLUMNS} FROM signing_keys ORDER BY generation DESC LIMIT ?`;
const LAST_GENERATION = "SELECT COALESCE(MAX(generation), 0) AS last FROM signing_keys";
const INSERT = `INSERT INTO signing_keys
  (kid, generation, public_key, private_key, create_time, ready_time, activate_time) VALUES ?`;
const ACTIVATE = "UPDATE signing_keys SET activate_time = ? WHERE kid = ? AND activate_time IS NULL";
const RETIRE = "UPDATE signing_keys SET retire_time = ? WHERE kid = ?";
const DROP = "UPDATE signing_keys SET retire_time = ?, private_key = NULL WHERE kid = ?";
const DELETE_PRIVATE_PARTS =
  "UPDATE signing_keys SET private_key = NULL WHERE retire_time <= ? AND private_key IS NOT NULL";

/** The keys that have not retired, oldest first. */
export async function listSigningKeys(db: Database, now: Date): Promise<SigningKey[]> {
  return await db.read<SigningKey>(LIVE, [now]);
}

/** The keys that have not retired, oldest first, locked. */
export async function lockSigningKeys(tx: Transaction, now: Date): Promise<SigningKey[]> {
  return await tx.read<SigningKey>(LOCK_LIVE, [now]);
}

/** The last keys that were made, newest first. */
export async function listLastKeys(db: Database, limit: number): Promise<SigningKey[]> {
  return await db.read<SigningKey>(ALL, [limit]);
}

export async function lastGeneration(tx: Transaction): Promise<number> {
  const [row] = await tx.read<{ last: number }>(LAST_GENERATION);
  return row!.last;
}

/** The commit throws ER_DUP_ENTRY on `signing_keys.signing_keys_generation` where another was faster. */
export function insertSigningKeys(tx: Transaction, keys: SigningKey[]): void {
  tx.defer(INSERT, [
    keys.map((key) => [
      key.kid,
      key.generation,
      key.publicKey,
      key.privateKey,
      key.createTime,
      key.readyTime,
      key.activateTime,
    ]),
  ]);
}

export function activateSigningKey(tx: Transaction, kid: string, now: Date): void {
  tx.defer(ACTIVATE, [now, kid]);
}

/** @param time when it has no tokens any more: it is not published from then on */
export function retireSigningKey(tx: Transaction, kid: string, time: Date): void {
  tx.defer(RETIRE, [time, kid]);
}

/** Deletes the private parts of keys that have retired. */
export async function deletePrivateParts(db: Database, now: Date): Promise<void> {
  await db.write(DELETE_PRIVATE_PARTS, [now]);
}

/** Ends a key at once: it is not published any more, and cannot sign. */
export function dropSigningKey(tx: Transaction, kid: string, now: Date): void {
  tx.defer(DROP, [now, kid]);
}
