import { createHash } from "node:crypto";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { SigningKey } from "./signing-key-store.ts";

/**
 * Adds a proof that auth wrote the key's row. The proof is encrypted with DATA_KEY. It covers the key's
 * times, so a change of a time needs a new proof.
 */
export const withProof = (cipher: FieldCipher, key: Omit<SigningKey, "proof">): SigningKey => ({
  ...key,
  proof: cipher.encrypt(contextOf(key.kid), digestOf(key)),
});

/** True if auth wrote the key's row in its current form. */
export function isGenuine(cipher: FieldCipher, key: SigningKey): boolean {
  if (!key.proof) return false;
  try {
    return cipher.decrypt(contextOf(key.kid), key.proof).equals(digestOf(key));
  } catch {
    return false;
  }
}

/** SHA-256 of all columns that verifiers and the rotation use. */
function digestOf({ kid, generation, publicKey, ...times }: Omit<SigningKey, "proof">): Buffer {
  const { createTime, readyTime, activateTime, retireTime } = times;
  const row = [kid, generation, publicKey, createTime, readyTime, activateTime, retireTime];
  return createHash("sha256").update(JSON.stringify(row)).digest();
}

const contextOf = (kid: string): string => `signing_keys.proof:${kid}`;
