import type { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";

/** A shared secret as it is kept: encrypted, and bound to its user's row. */
export const sealTotpSecret = (box: SealedBox, userId: string, secret: string): Buffer =>
  box.seal(placeOf(userId), secret);

/** The inverse of `sealTotpSecret`. */
export const openTotpSecret = (box: SealedBox, userId: string, sealed: Buffer): string =>
  box.open(placeOf(userId), sealed).toString();

const placeOf = (userId: string): string => `mfa_totp.secret:${userId}`;
