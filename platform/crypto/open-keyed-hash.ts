import { randomBytes } from "node:crypto";
import type { Database } from "../db/database.ts";
import type { FieldCipher } from "./field-cipher.ts";
import { KeyedHash } from "./keyed-hash.ts";
import { findSecret, keepSecret } from "./secret-store.ts";

const NAME = "hash";
const PLACE = `secrets.value:${NAME}`;

/**
 * The schema's keyed hash. Its key is made once and kept sealed, so that it outlives every rotation of DATA_KEY: what an
 * idempotency key came to before, it comes to afterwards, in every process. Throws where DATA_KEY is not this schema's: a
 * process that sealed with another one would write what nobody else can read.
 */
export async function openKeyedHash(db: Database, cipher: FieldCipher): Promise<KeyedHash> {
  const kept = await findSecret(db, NAME);
  if (kept) return unseal(cipher, kept);
  await keepSecret(db, NAME, cipher.encrypt(PLACE, randomBytes(32)));
  // Read again: a process that started at the same time may have been first.
  return unseal(cipher, (await findSecret(db, NAME))!);
}

function unseal(cipher: FieldCipher, sealed: Buffer): KeyedHash {
  try {
    return new KeyedHash(cipher.decrypt(PLACE, sealed));
  } catch (error) {
    throw new Error("DATA_KEY does not hold the key of this schema", { cause: error });
  }
}
