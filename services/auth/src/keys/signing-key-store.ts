import type { Database } from "@medconnect/platform/db/database.ts";
import type { KeyTimes } from "./signing-key-rules.ts";

/** A key pair that signs tokens; the private part is sealed. */
export interface SigningKey extends KeyTimes {
  readonly kid: string;
  readonly publicKey: string;
  readonly privateKey: Buffer;
}

/** A key to store, by whoever is first to store this generation. */
export interface NewSigningKey extends SigningKey {
  readonly generation: number;
  readonly createTime: Date;
}

const LIST = `SELECT kid, public_key AS publicKey, private_key AS privateKey, activate_time AS activateTime,
  retire_time AS retireTime FROM signing_keys WHERE retire_time IS NULL OR retire_time > ?`;
const INSERT = `INSERT INTO signing_keys
  (kid, generation, public_key, private_key, create_time, activate_time, retire_time) VALUES (?, ?, ?, ?, ?, ?, ?)`;

/** The keys that are not retired. */
export async function listSigningKeys(db: Database, now: Date): Promise<SigningKey[]> {
  return await db.read<SigningKey>(LIST, [now]);
}

/** Throws ER_DUP_ENTRY on `signing_keys.signing_keys_generation`. */
export async function insertSigningKey(db: Database, key: NewSigningKey): Promise<void> {
  await db.write(INSERT, [
    key.kid,
    key.generation,
    key.publicKey,
    key.privateKey,
    key.createTime,
    key.activateTime,
    key.retireTime,
  ]);
}
