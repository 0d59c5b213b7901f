import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { guessesFor } from "./password-strength.ts";

/** Owner of a new password. Words from these fields add nothing to its strength. */
export interface Owner {
  readonly email: string;
  readonly fullName: string;
}

/**
 * Minimum number of guesses that a password must withstand. Each guess costs an argon2id hash, 25 ms of a
 * core, so this number of guesses keeps a core busy for 290 days.
 */
const MIN_GUESSES = 1e9;
/** NIST SP 800-63B: "context-specific words, such as the name of the service". */
const SERVICE = "MedConnect";
/**
 * Minimum length of a word that adds nothing to the strength of a password. Shorter words occur in too many
 * other words.
 */
const MIN_WORD = 3;

/**
 * NIST SP 800-63B §3.1.1.2: no composition rules, but no password that an attacker would guess early. Words
 * of the owner and the service add nothing to the strength of the password. The field rule limits the length
 * to 12 to 256 characters. Throws WEAK_PASSWORD.
 */
export function assertStrongPassword(password: string, owner: Owner): void {
  if (guessesFor(password) < MIN_GUESSES) {
    throw new ApiError("WEAK_PASSWORD", { detail: "The password is one of those that are guessed early." });
  }
  const folded = fold(password);
  const rest = wordsOf(owner).reduce((left, word) => left.replaceAll(word, ""), folded);
  if (rest !== folded && guessesFor(rest) < MIN_GUESSES) {
    throw new ApiError("WEAK_PASSWORD", {
      detail: "The password is too close to the e-mail address or the name.",
    });
  }
}

/**
 * Words of the e-mail's local part, the user's name and the service's name, and each of the three without
 * spaces.
 */
function wordsOf({ email, fullName }: Owner): string[] {
  const names = [email.slice(0, email.lastIndexOf("@")), fullName, SERVICE];
  const words = names.map(fold).flatMap((name) => {
    const parts = name.split(/[^\p{L}\p{N}]+/u);
    return [parts.join(""), ...parts];
  });
  return words.filter(({ length }) => length >= MIN_WORD);
}

/** Lower case without accents. */
const fold = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
