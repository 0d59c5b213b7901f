import { createHash, randomBytes } from "node:crypto";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Fields, RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import type { RefreshTokenRecord } from "./refresh-token-store.ts";
import type { Session } from "./session.ts";

const BYTES = 32;

/** A new refresh token: 256 random bits, base64url. */
export const newRefreshToken = (): string => randomBytes(BYTES).toString("base64url");

/** Hashes a refresh token, or the idempotency key of a refresh, for storage (SHA-256). */
export const hashOf = (text: string): Buffer => createHash("sha256").update(text).digest();

/**
 * Encrypts the next refresh token with the current token as the key, so the database alone reveals neither of
 * the two.
 *
 * @param token made by `newRefreshToken`
 */
export const encryptSuccessor = (token: string, successor: string): Buffer =>
  cipherOf(token).encrypt(contextOf(token), successor);

export const decryptSuccessor = (token: string, encrypted: Buffer): string =>
  cipherOf(token).decrypt(contextOf(token), encrypted).toString();

const cipherOf = (token: string): FieldCipher => new FieldCipher(Buffer.from(token, "base64url"));

const contextOf = (token: string): string => `refresh_tokens.successor:${hashOf(token).toString("hex")}`;

/**
 * Computes a keyed hash. It proves that auth issued the token for this session, with this expiry. It also
 * covers the session's user, times and `remembered`.
 */
export const refreshTokenProof = (
  proofs: RowProofs,
  hash: Buffer,
  expireTime: Date,
  session: Session,
): Buffer => proofs.of("refresh_tokens", fieldsOf(hash, expireTime, session));

/** True if auth wrote the token and its session in their current form. */
export const isGenuine = (
  proofs: RowProofs,
  { hash, expireTime, proof, session }: RefreshTokenRecord,
): boolean =>
  proofs.accepts("refresh_tokens", proof, fieldsOf(hash, expireTime, session), `sessions/${session.id}`);

const fieldsOf = (hash: Buffer, expireTime: Date, session: Session): Fields => [
  hash,
  expireTime,
  session.id,
  session.userId,
  session.authTime,
  session.expireTime,
  session.remembered,
];
