import { createHash, randomBytes } from "node:crypto";
import type { RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import type { RecoveryCode } from "./mfa-store.ts";

const CODES = 10;
/** 24 symbols of 5 bits: 120 bits. With that much of chance in it, a plain hash keeps a code (NIST SP 800-63B §3.1.2.2). */
const SYMBOLS = 24;
const GROUP = 4;
/** Crockford's base32: no letter that is read as another, or as a digit. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Ten new recovery codes, such as "7K2M-…-9XQA". */
export const newRecoveryCodes = (): string[] => Array.from({ length: CODES }, newRecoveryCode);

/** What is kept of a recovery code: the same for each way of typing it. */
export function recoveryCodeHash(code: string): Buffer {
  const canonical = code.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  return createHash("sha256").update(canonical).digest();
}

/** A stored code with a proof that auth gave it to this user. */
export function keptRecoveryCode(proofs: RowProofs, userId: string, code: string): RecoveryCode {
  const hash = recoveryCodeHash(code);
  return { hash, proof: proofs.of("mfa_recovery_codes", [userId, hash]) };
}

function newRecoveryCode(): string {
  // 256 is a multiple of 32, so each symbol is as likely as any other.
  const symbols = Array.from(randomBytes(SYMBOLS), (byte) => ALPHABET[byte % ALPHABET.length]!).join("");
  return symbols.match(new RegExp(`.{${GROUP}}`, "g"))!.join("-");
}
