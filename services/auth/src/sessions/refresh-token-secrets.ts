import { createHash, randomBytes } from "node:crypto";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";

const BYTES = 32;

/** A new refresh token: 256 random bits, base64url. */
export const newRefreshToken = (): string => randomBytes(BYTES).toString("base64url");

/** Stored form of a refresh token, or of the idempotency key that came with it: SHA-256. */
export const hashOf = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * Encrypts the next refresh token under a key that is the current token itself, so the database alone reveals
 * neither of them.
 *
 * @param token made by `newRefreshToken`
 */
export const encryptSuccessor = (token: string, successor: string): Buffer =>
  cipherOf(token).encrypt(contextOf(token), successor);

export const decryptSuccessor = (token: string, encrypted: Buffer): string =>
  cipherOf(token).decrypt(contextOf(token), encrypted).toString();

const cipherOf = (token: string): FieldCipher => new FieldCipher(Buffer.from(token, "base64url"));

const contextOf = (token: string): string => `refresh_tokens.successor:${hashOf(token).toString("hex")}`;
