import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Prefix by which secret scanners recognize a client secret. */
const PREFIX = "mcs_";
const SECRET_BYTES = 32;
const NO_HASH = Buffer.alloc(32);

/** A new secret: 256 random bits. */
export const newClientSecret = (): string => PREFIX + randomBytes(SECRET_BYTES).toString("base64url");

/**
 * Hashes a secret for storage (SHA-256). A plain hash suffices, because nobody can guess a secret of 256
 * random bits (NIST SP 800-63B §5.1.1.2).
 */
export const hashOfSecret = (secret: string): Buffer => createHash("sha256").update(secret).digest();

/**
 * Finds the row of a secret. The search takes the same time for each position of the row, and if no row
 * matches.
 */
export function findBySecret<T extends { readonly hash: Buffer }>(
  stored: readonly T[],
  secret: string,
): T | undefined {
  const hash = hashOfSecret(secret);
  timingSafeEqual(hash, NO_HASH);
  return stored.filter((each) => timingSafeEqual(hash, each.hash))[0];
}
