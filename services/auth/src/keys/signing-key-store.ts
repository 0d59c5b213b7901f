import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { KeyTimes } from "./signing-key-rules.ts";

/** A stored key pair that signs tokens. */
export interface SigningKey extends KeyTimes {
  readonly publicKey: string;
  /** Private key as PKCS #8, encrypted. Null once the key has retired. */
  readonly privateKey: Buffer | null;
  readonly createTime: Date;
  /** Proof that auth wrote the row, encrypted; see key-proof.ts. Null if the row has none. */
  readonly proof: Buffer | null;
}

const COLUMNS = `kid, generation, public_key AS publicKey, private_key AS privateKey, create_time AS createTime,
  ready_time AS readyTime, activate_time AS activateTime, retire_time AS retireTime, proof`;
const LIVE = `SELECT ${COLUMNS} FROM signing_keys WHERE retire_time IS NULL OR retire_time > ? ORDER BY generation`;
const LOCK_LIVE = `${LIVE} FOR UPDATE`;
const ALL = `SELECT ${COLUMNS} FROM signing_keys ORDER BY generation DESC LIMIT ?`;
const LAST_GENERATION = "SELECT COALESCE(MAX(generation), 0) AS last FROM signing_keys";
const INSERT = `INSERT INTO signing_keys
  (kid, generation, public_key, private_key, create_time, ready_time, activate_time, proof) VALUES ?`;
const SAVE =
  "UPDATE signing_keys SET private_key = ?, activate_time = ?, retire_time = ?, proof = ? WHERE kid = ?";
const DELETE_LIVE = "DELETE FROM signing_keys WHERE retire_time IS NULL OR retire_time > ?";
const DELETE_PRIVATE_KEYS =
  "UPDATE signing_keys SET private_key = NULL WHERE retire_time <= ? AND private_key IS NOT NULL";

/** Lists the keys that have not retired, oldest first. */
export async function listSigningKeys(db: Database, now: Date): Promise<SigningKey[]> {
  return await db.read<SigningKey>(LIVE, [now]);
}

/** Reads the keys that have not retired, oldest first, and locks them until the transaction ends. */
export async function lockSigningKeys(tx: Transaction, now: Date): Promise<SigningKey[]> {
  return await tx.read<SigningKey>(LOCK_LIVE, [now]);
}

/** Lists keys, including retired ones, newest first. */
export async function listLastKeys(db: Database, limit: number): Promise<SigningKey[]> {
  return await db.read<SigningKey>(ALL, [limit]);
}

export async function lastGeneration(tx: Transaction): Promise<number> {
  const [row] = await tx.read<{ last: number }>(LAST_GENERATION);
  return row?.last ?? 0;
}

/**
 * Inserts keys. The commit throws ER_DUP_ENTRY on `signing_keys.signing_keys_generation` if another process
 * has inserted a key of the same generation.
 */
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
      key.proof,
    ]),
  ]);
}

/** Writes the columns of a key that can change, and its new proof. */
export function saveSigningKey(tx: Transaction, key: SigningKey): void {
  tx.defer(SAVE, [key.privateKey, key.activateTime, key.retireTime, key.proof, key.kid]);
}

/** Deletes the keys that have not retired. Their tokens are void, and auth makes a new key at its start. */
export function deleteLiveKeys(tx: Transaction, now: Date): void {
  tx.defer(DELETE_LIVE, [now]);
}

/** Deletes the private keys of retired keys. */
export async function deletePrivateKeys(db: Database, now: Date): Promise<void> {
  await db.write(DELETE_PRIVATE_KEYS, [now]);
}
