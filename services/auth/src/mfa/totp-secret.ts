import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";

/** A shared secret as it is kept: encrypted, and bound to its user's row. */
export const encryptTotpSecret = (cipher: FieldCipher, userId: string, secret: string): Buffer =>
  cipher.encrypt(placeOf(userId), secret);

/** The inverse of `sealTotpSecret`. */
export const openTotpSecret = (cipher: FieldCipher, userId: string, sealed: Buffer): string =>
  cipher.decrypt(placeOf(userId), sealed).toString();

const placeOf = (userId: string): string => `mfa_totp.secret:${userId}`;
