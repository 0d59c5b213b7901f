import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Prefix by which secret scanners recognize a client secret. */
const PREFIX = "mcs_";
const SECRET_BYTES = 32;
const NO_HASH = Buffer.alloc(32);

/** A new secret: 256 random bits. */
export const newClientSecret = (): string => PREFIX + randomBytes(SECRET_BYTES).toString("base64url");

/**
 * Stored form of a secret: SHA-256. The secret has so much entropy that it cannot be guessed (NIST SP 800-63B
 * §5.1.1.2).
 */
export const hashOfSecret = (secret: string): Buffer => createHash("sha256").update(secret).digest();

/** Finds the row of a secret. The time depends neither on the row's position nor on its existence. */
export function findBySecret<T extends { readonly hash: Buffer }>(
  stored: readonly T[],
  secret: string,
): T | undefined {
  const hash = hashOfSecret(secret);
  timingSafeEqual(hash, NO_HASH);
  return stored.filter((each) => timingSafeEqual(hash, each.hash))[0];
}
