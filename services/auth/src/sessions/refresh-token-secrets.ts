import { createHash, randomBytes } from "node:crypto";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";

const BYTES = 32;

/** A new refresh token: 256 random bits, base64url. */
export const newRefreshToken = (): string => randomBytes(BYTES).toString("base64url");

/** What is kept of a refresh token, or of an idempotency key that came with it. */
export const hashOf = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * Seals the next token under a key that only the one before it gives: the database alone tells neither. `token` must
 * be one that `newRefreshToken` made.
 */
export const encryptSuccessor = (token: string, successor: string): Buffer =>
  cipherOf(token).encrypt(placeOf(token), successor);

/** The inverse of `sealSuccessor`. */
export const openSuccessor = (token: string, sealed: Buffer): string =>
  cipherOf(token).decrypt(placeOf(token), sealed).toString();

const cipherOf = (token: string): FieldCipher => new FieldCipher(Buffer.from(token, "base64url"));

const placeOf = (token: string): string => `refresh_tokens.successor:${hashOf(token).toString("hex")}`;
