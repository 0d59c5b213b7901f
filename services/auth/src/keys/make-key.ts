import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { calculateJwkThumbprint } from "jose";
import { withProof } from "./key-proof.ts";
import type { KeyTimes } from "./signing-key-rules.ts";
import type { SigningKey } from "./signing-key-store.ts";

/** Makes an Ed25519 key pair (RFC 8037), named by its thumbprint (RFC 7638). */
export async function makeKey(
  cipher: FieldCipher,
  times: Pick<KeyTimes, "generation" | "readyTime" | "activateTime">,
  now: Date,
): Promise<SigningKey> {
  const pair = generateKeyPairSync("ed25519");
  const { x } = pair.publicKey.export({ format: "jwk" });
  const kid = await calculateJwkThumbprint({ kty: "OKP", crv: "Ed25519", x: x! });
  return withProof(cipher, {
    ...times,
    kid,
    publicKey: x!,
    privateKey: cipher.encrypt(placeOf(kid), pair.privateKey.export({ format: "der", type: "pkcs8" })),
    createTime: now,
    retireTime: null,
  });
}

/** The private part of a key that has not retired. */
export function privateKeyOf(
  cipher: FieldCipher,
  { kid, privateKey }: Pick<SigningKey, "kid" | "privateKey">,
): KeyObject {
  const der = cipher.decrypt(placeOf(kid), privateKey!);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

const placeOf = (kid: string): string => `signing_keys.private_key:${kid}`;
