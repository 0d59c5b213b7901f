import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { calculateJwkThumbprint } from "jose";
import { withProof } from "./key-proof.ts";
import type { KeyTimes } from "./signing-key-rules.ts";
import type { SigningKey } from "./signing-key-store.ts";

/** Makes an Ed25519 key pair (RFC 8037). The `kid` is the thumbprint of the public key (RFC 7638). */
export async function makeKey(
  cipher: FieldCipher,
  times: Pick<KeyTimes, "generation" | "readyTime" | "activateTime">,
  now: Date,
): Promise<SigningKey> {
  const { kid, publicKey, privateKey } = await makePair();
  return withProof(cipher, {
    ...times,
    kid,
    publicKey,
    privateKey: cipher.encrypt(contextOf(kid), privateKey.export({ format: "der", type: "pkcs8" })),
    createTime: now,
    retireTime: null,
  });
}

/** Makes a pair whose `kid` does not begin with a dash, because `keys revoke` would read that as an option. */
async function makePair(): Promise<{ kid: string; publicKey: string; privateKey: KeyObject }> {
  const pair = generateKeyPairSync("ed25519");
  const { x: publicKey } = pair.publicKey.export({ format: "jwk" });
  if (publicKey === undefined) throw new Error("an Ed25519 JWK without x");
  const kid = await calculateJwkThumbprint({ kty: "OKP", crv: "Ed25519", x: publicKey });
  return kid.startsWith("-") ? makePair() : { kid, publicKey, privateKey: pair.privateKey };
}

/**
 * Decrypts the private key. Throws RECORD_ALTERED, also for a retired key, because its private key is
 * deleted.
 */
export function privateKeyOf(
  cipher: FieldCipher,
  { kid, privateKey }: Pick<SigningKey, "kid" | "privateKey">,
): KeyObject {
  const der = cipher.decrypt(contextOf(kid), privateKey);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

const contextOf = (kid: string): string => `signing_keys.private_key:${kid}`;
