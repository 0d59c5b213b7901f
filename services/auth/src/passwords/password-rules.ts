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
/** From three on, characters that go on by one are a row. */
const MIN_ROW = 3;
/** So many digits and signs could be a password without any word: next to them, no word does harm. */
const STRONG_ALONE = 12;
const LETTERS = /\p{L}/gu;
const NO_LETTERS = /\P{L}/gu;

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

/** A common password as such, repeated, or with digits and signs around or between ("Password!Password1"); mostly rows; hardly any variety. */
function isEasy(password: string): boolean {
  const short = collapseRows(password);
  if (new Set(password).size < MIN_DIFFERENT || short.length < MIN_REST) return true;
  if (isCommonPassword(repeatedPart(password))) return true;
  const decoration = short.replace(LETTERS, "").length;
  return decoration < STRONG_ALONE && [password, short].flatMap(coresOf).some(isCommonPassword);
}

/** What may be a common password once its decoration is gone: at its ends, the signs in it, digits too; and what repeats. */
function coresOf(password: string): string[] {
  const trimmed = password.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, "");
  return [trimmed, squeeze(password), password.replace(NO_LETTERS, "")]
    .map(repeatedPart)
    .filter((core) => core.length >= MIN_WORD);
}

/** "admin123456789!!!" → "admin1!": of what just goes on, upwards, downwards or with the same, the first character. */
function collapseRows(text: string): string {
  const characters = Array.from(text);
  let left = "";
  for (let i = 0; i < characters.length; ) {
    left += characters[i];
    const length = rowLength(characters, i);
    i += length < MIN_ROW ? 1 : length;
  }
  return left;
}

function rowLength(characters: readonly string[], start: number): number {
  const step = stepTo(characters[start + 1], characters[start]!);
  let end = start + 1;
  while (end < characters.length && stepTo(characters[end], characters[end - 1]!) === step) end++;
  return end - start;
}

/** −1, 0 or 1 from a character to its neighbour in a row, where 0 comes after 9, as on a keyboard; else NaN. */
function stepTo(character = "", from: string): number {
  const step = (character.codePointAt(0) ?? Number.NaN) - from.codePointAt(0)!;
  if (Math.abs(step) === 9 && /^\d\d$/.test(from + character)) return -Math.sign(step);
  return Math.abs(step) <= 1 ? step : Number.NaN;
}

/** "abcdabcdab" → "abcd"; a text that repeats nothing comes back whole. */
function repeatedPart(text: string): string {
  let length = 1;
  while (!text.startsWith(text.slice(length))) length++;
  return text.slice(0, length);
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
  return rest !== bare && (rest.length < MIN_REST || isEasy(rest));
}

/** Lower-cased, and without accents. */
const fold = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** Letters and digits only. */
const squeeze = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, "");
