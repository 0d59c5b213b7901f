import { randomBytes } from "node:crypto";
import type { Database } from "../db/database.ts";
import type { FieldCipher } from "./field-cipher.ts";
import { KeyedHash } from "./keyed-hash.ts";
import { findSecret, keepSecret } from "./secret-store.ts";

const NAME = "hash";
const CONTEXT = `secrets.value:${NAME}`;

/**
 * Reads the schema's hash key, which is generated once and stored encrypted. It outlives each rotation of
 * DATA_KEY, so stored hashes stay valid in every process. Throws if DATA_KEY is another schema's, because
 * values encrypted under it would be unreadable for other processes.
 */
export async function openKeyedHash(db: Database, cipher: FieldCipher): Promise<KeyedHash> {
  const kept = await findSecret(db, NAME);
  if (kept) return decrypted(cipher, kept);
  await keepSecret(db, NAME, cipher.encrypt(CONTEXT, randomBytes(32)));
  // Read again, because another process may have been faster. The row exists now.
  return decrypted(cipher, (await findSecret(db, NAME))!);
}

function decrypted(cipher: FieldCipher, kept: Buffer): KeyedHash {
  try {
    return new KeyedHash(cipher.decrypt(CONTEXT, kept));
  } catch (error) {
    throw new Error("DATA_KEY does not hold the key of this schema", { cause: error });
  }
}
