import { randomBytes } from "node:crypto";
import type { Database } from "../db/database.ts";
import type { FieldCipher } from "./field-cipher.ts";
import { KeyedHash } from "./keyed-hash.ts";
import { findSecret, keepSecret } from "./secret-store.ts";

const NAME = "hash";
const CONTEXT = `secrets.value:${NAME}`;

/**
 * Reads the hash key of this schema. The hash key is generated once and stored encrypted under DATA_KEY. A
 * rotation of DATA_KEY does not change the hash key, so stored hashes stay valid. Throws if the hash key
 * cannot be decrypted. In this case, DATA_KEY belongs to a different schema, and other processes could not
 * read the values that this process encrypts.
 */
export async function openKeyedHash(db: Database, cipher: FieldCipher): Promise<KeyedHash> {
  const kept = await findSecret(db, NAME);
  if (kept) return decrypted(cipher, kept);
  await keepSecret(db, NAME, cipher.encrypt(CONTEXT, randomBytes(32)));
  // Reads the key again, because another process may have stored a key first. All processes then use that
  // key.
  // biome-ignore lint/style/noNonNullAssertion: keepSecret leaves a row of this name
  return decrypted(cipher, (await findSecret(db, NAME))!);
}

function decrypted(cipher: FieldCipher, kept: Buffer): KeyedHash {
  try {
    return new KeyedHash(cipher.decrypt(CONTEXT, kept));
  } catch (error) {
    throw new Error("DATA_KEY does not hold the key of this schema", { cause: error });
  }
}
