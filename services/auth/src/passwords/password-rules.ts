import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { isCommonPassword } from "./common-passwords.ts";

/** Whose password it is to be. */
export interface Owner {
  email: string;
  fullName: string;
}

/** The first word to try that is about us (NIST SP 800-63B: "context-specific words, such as the name of the service"). */
const SERVICE = "MedConnect";
const MIN_DIFFERENT = 5;
/** A word of one's own is looked for from this length on; shorter ones are found in anything. */
const MIN_WORD = 3;
const MIN_WHOLE = 5;
const MIN_REST = 8;

/**
 * NIST SP 800-63B §3.1.1.2: no rules of composition, but a list of passwords that are guessed first, and nothing
 * that names the owner. The length (12 to 256 characters) is the field's own rule. Throws WEAK_PASSWORD.
 */
export function assertStrongPassword(password: string, owner: Owner): void {
  const folded = fold(password);
  if (isEasy(folded)) {
    throw new ApiError("WEAK_PASSWORD", { detail: "The password is one of those that are guessed first." });
  }
  if (isPersonal(folded, owner)) {
    throw new ApiError("WEAK_PASSWORD", {
      detail: "The password is too close to the e-mail address or the name.",
    });
  }
}

/** A common password as such, repeated, or with a little around it ("Password2024!"); a row, or hardly any variety. */
function isEasy(password: string): boolean {
  if (new Set(password).size < MIN_DIFFERENT || isRow(password)) return true;
  const core = password.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, "");
  const isMostlyCore = core.length * 2 >= password.length;
  return (
    isCommonPassword(password) ||
    isCommonPassword(repeatedPart(password)) ||
    (isMostlyCore && isCommonPassword(core))
  );
}

/** "abcdefghijkl", "987654321". */
function isRow(text: string): boolean {
  const codes = Array.from(text, (character) => character.codePointAt(0)!);
  const steps = new Set(codes.slice(1).map((code, i) => code - codes[i]!));
  return steps.size === 1;
}

/** "abcdabcd" → "abcd"; a text that repeats nothing comes back whole. */
function repeatedPart(text: string): string {
  // A text that is made of repetitions meets itself again inside of its double.
  return text.slice(0, (text + text).indexOf(text, 1));
}

/** Holds the whole local part or name, or is little more than words of them or of ours. */
function isPersonal(password: string, { email, fullName }: Owner): boolean {
  const bare = squeeze(password);
  const names = [email.slice(0, email.lastIndexOf("@")), fullName].map(fold);
  const wholes = names.map(squeeze).filter((name) => name.length >= MIN_WHOLE);
  if (wholes.some((name) => bare.includes(name))) return true;
  const words = [...names, fold(SERVICE)]
    .flatMap((name) => name.split(/[^\p{L}\p{N}]+/u))
    .filter((w) => w.length >= MIN_WORD);
  const rest = words.reduce((left, word) => left.replaceAll(word, ""), bare);
  return rest !== bare && (rest.length < MIN_REST || isCommonPassword(rest));
}

/** Lower-cased, and without accents. */
const fold = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** Letters and digits only. */
const squeeze = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, "");
