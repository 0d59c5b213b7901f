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
/**
 * Name of the service, which adds nothing to the strength of a password. NIST SP 800-63B calls such a name a
 * "context-specific word".
 */
const SERVICE = "MedConnect";
/**
 * Minimum length of the words that `assertStrongPassword` ignores when it estimates a password. Shorter words
 * occur in too many other words.
 */
const MIN_WORD = 3;

/**
 * Refuses a password that an attacker would guess early, but demands no composition, such as digits (NIST SP
 * 800-63B §3.1.1.2). Words from the owner's data and the name of the service add nothing to the strength of
 * the password. The field rule limits the length to 12 to 256 characters. Throws WEAK_PASSWORD.
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
 * Words of three names: the e-mail's local part, the user's name and the service's name. Each name without
 * its separators is a word, too.
 */
function wordsOf({ email, fullName }: Owner): string[] {
  const names = [email.slice(0, email.lastIndexOf("@")), fullName, SERVICE];
  const words = names.map(fold).flatMap((name) => {
    const parts = name.split(/[^\p{L}\p{N}]+/u);
    return [parts.join(""), ...parts];
  });
  return words.filter(({ length }) => length >= MIN_WORD);
}

/** Converts a text to lower case without accents. */
const fold = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
