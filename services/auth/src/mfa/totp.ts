import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { generateSecret, generateURI, verifySync } from "otplib";
import type { Auth } from "../app.ts";
import { consumeStep, lockTotp } from "./mfa-store.ts";

const ISSUER = "MedConnect";
/** Length of a shared secret. RFC 4226 §4 R6 recommends 160 bits. */
const SECRET_BYTES = 20;
/** RFC 6238 parameters that all authenticator apps support. */
const PARAMETERS = { algorithm: "sha1", digits: 6, period: 30 } as const;
/**
 * Accepts the codes of the previous and the next period as well, for clock skew and network delay (RFC 6238
 * §5.2).
 */
const TOLERANCE_S = 30;

/** A new shared secret, in base32. */
export const newTotpSecret = (): string => generateSecret({ length: SECRET_BYTES });

/** Encrypts a shared secret, bound to its user. */
export const encryptTotpSecret = (cipher: FieldCipher, userId: string, secret: string): Buffer =>
  cipher.encrypt(secretContext(userId), secret);

/** Decrypts a shared secret. Throws RECORD_ALTERED if it was not encrypted for this user. */
export const decryptTotpSecret = (cipher: FieldCipher, userId: string, encrypted: Buffer): string =>
  cipher.decrypt(secretContext(userId), encrypted).toString();

const secretContext = (userId: string): string => `mfa_totp.secret:${userId}`;

/** The secret as a key URI for the QR code of authenticator apps. */
export const totpUri = (secret: string, email: string): string =>
  generateURI({ issuer: ISSUER, label: email, secret, ...PARAMETERS });

/** Returns the time step (RFC 6238) near `now` that the code belongs to; undefined for a wrong code. */
export function matchingStep(secret: string, code: string, now: Date): number | undefined {
  // The library throws an error if the code is not made of digits.
  if (!/^[0-9]{6}$/.test(code)) return undefined;
  const epoch = Math.floor(now.getTime() / 1000);
  const result = verifySync({ secret, token: code, epoch, epochTolerance: TOLERANCE_S, ...PARAMETERS });
  return "timeStep" in result ? result.timeStep : undefined;
}

/** Consumes a code from the active authenticator. @returns true if the code was right and unused */
export async function useTotpCode(
  app: Auth,
  tx: Transaction,
  userId: string,
  code: string,
): Promise<boolean> {
  const totp = await lockTotp(tx, userId);
  if (!totp?.activateTime) return false;
  const step = matchingStep(decryptTotpSecret(app.cipher, userId, totp.secret), code, app.clock.now());
  return step !== undefined && (await consumeStep(tx, userId, step));
}
