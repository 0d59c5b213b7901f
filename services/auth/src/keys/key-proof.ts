import { createHash } from "node:crypto";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { SigningKey } from "./signing-key-store.ts";

/** The key with a proof that auth wrote its row, under DATA_KEY. Each change of its times needs a new one. */
export const withProof = (cipher: FieldCipher, key: Omit<SigningKey, "proof">): SigningKey => ({
  ...key,
  proof: cipher.encrypt(placeOf(key.kid), digestOf(key)),
});

/** True if auth wrote the row in its current form. Making, moving or changing a proof needs DATA_KEY. */
export function isGenuine(cipher: FieldCipher, key: SigningKey): boolean {
  if (!key.proof) return false;
  try {
    return cipher.decrypt(placeOf(key.kid), key.proof).equals(digestOf(key));
  } catch {
    return false;
  }
}

/** SHA-256 over all columns that verifiers or the rotation use. */
function digestOf({ kid, generation, publicKey, ...times }: Omit<SigningKey, "proof">): Buffer {
  const { createTime, readyTime, activateTime, retireTime } = times;
  const row = [kid, generation, publicKey, createTime, readyTime, activateTime, retireTime];
  return createHash("sha256").update(JSON.stringify(row)).digest();
}

const placeOf = (kid: string): string => `signing_keys.proof:${kid}`;
