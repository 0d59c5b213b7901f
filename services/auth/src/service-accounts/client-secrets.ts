import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Tells what it is to whoever finds it, and to scanners for secrets that were left lying about. */
const PREFIX = "mcs_";
const SECRET_BYTES = 32;
const NO_HASH = Buffer.alloc(32);

/** A new secret: 256 random bits. */
export const newClientSecret = (): string => PREFIX + randomBytes(SECRET_BYTES).toString("base64url");

/** What is kept of a secret. It has more entropy than can be guessed, so a plain hash will do (NIST SP 800-63B §5.1.1.2). */
export const hashOfSecret = (secret: string): Buffer => createHash("sha256").update(secret).digest();

/** The one whose secret it is, in a time that does not depend on which, or on whether there is one. */
export function findBySecret<T extends { readonly hash: Buffer }>(
  kept: readonly T[],
  secret: string,
): T | undefined {
  const hash = hashOfSecret(secret);
  timingSafeEqual(hash, NO_HASH);
  return kept.filter((each) => timingSafeEqual(hash, each.hash))[0];
}
