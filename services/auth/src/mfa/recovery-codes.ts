import { createHash, randomBytes } from "node:crypto";
import type { RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import type { RecoveryCode } from "./mfa-store.ts";

const CODES = 10;
/**
 * Six groups of four symbols of 5 bits: 120 random bits, so a plain hash protects a code (NIST SP 800-63B
 * §3.1.2.2).
 */
const GROUPS = 6;
const GROUP_SYMBOLS = 4;
/** Crockford's base32 alphabet, which leaves out letters that are easily misread. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Ten new recovery codes, such as "7K2M-…-9XQA". */
export const newRecoveryCodes = (): string[] => Array.from({ length: CODES }, newRecoveryCode);

/**
 * Hashes a recovery code for storage (SHA-256). All spellings of a code, such as in lower case, have the same
 * hash.
 */
export function recoveryCodeHash(code: string): Buffer {
  const canonical = code.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  return createHash("sha256").update(canonical).digest();
}

/**
 * Returns the stored form of a recovery code: its hash, and a proof that auth issued the code to this user.
 */
export function storedRecoveryCode(proofs: RowProofs, userId: string, code: string): RecoveryCode {
  const hash = recoveryCodeHash(code);
  return { hash, proof: proofs.of("mfa_recovery_codes", [userId, hash]) };
}

const newRecoveryCode = (): string => Array.from({ length: GROUPS }, newGroup).join("-");

/**
 * Makes a random group of symbols. All symbols are equally likely, because the 256 values of a byte are a
 * multiple of the 32 symbols.
 */
const newGroup = (): string =>
  Array.from(randomBytes(GROUP_SYMBOLS), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join("");
