import { createHash } from "node:crypto";
import type { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import type { SigningKey } from "./signing-key-store.ts";

/** The key with a proof that auth wrote its row, under DATA_KEY. Each change of its times needs a new one. */
export const withProof = (box: SealedBox, key: Omit<SigningKey, "proof">): SigningKey => ({
  ...key,
  proof: box.seal(placeOf(key.kid), digestOf(key)),
});

/** True if auth wrote the row in its current form. Making, moving or changing a proof needs DATA_KEY. */
export function isGenuine(box: SealedBox, key: SigningKey): boolean {
  if (!key.proof) return false;
  try {
    return box.open(placeOf(key.kid), key.proof).equals(digestOf(key));
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
