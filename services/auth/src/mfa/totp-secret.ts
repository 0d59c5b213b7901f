import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";

/** Encrypts a shared secret, bound to its user. */
export const encryptTotpSecret = (cipher: FieldCipher, userId: string, secret: string): Buffer =>
  cipher.encrypt(contextOf(userId), secret);

/** Decrypts a shared secret. Throws RECORD_ALTERED if it was not encrypted for this user. */
export const decryptTotpSecret = (cipher: FieldCipher, userId: string, encrypted: Buffer): string =>
  cipher.decrypt(contextOf(userId), encrypted).toString();

const contextOf = (userId: string): string => `mfa_totp.secret:${userId}`;
