/** Plain spellings of letters that Unicode neither decomposes nor folds. */
const PLAIN: Record<string, string> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  ł: "l",
  đ: "d",
  ð: "d",
  ħ: "h",
  ŧ: "t",
  þ: "th",
  ŋ: "n",
  ς: "σ",
};
const PLAIN_LETTERS = new RegExp(`[${Object.keys(PLAIN).join("")}]`, "g");
/**
 * Accents, and vowel points of Hebrew and Arabic. Vowel signs of Indic scripts and Thai are letters to
 * readers, so they stay.
 */
const ACCENTS = /[\p{M}&&[\p{Script=Inherited}\p{Script=Hebrew}\p{Script=Arabic}]]/gv;
/** Soft hyphens, joiners and direction marks. */
const INVISIBLE = /\p{Cf}/gu;

/**
 * Folds a text for comparison. Texts that differ only in case, accents or compatibility forms fold to the
 * same text. Applies NFKD without accents, then full case folding (Unicode §3.13). JavaScript has no case
 * folding, so the text is converted to upper case and then to lower case, which has the same result: "ſ"
 * becomes "s", and "ı" becomes "i". Folding is idempotent.
 *
 * A change of this function needs a migration that sets `doctors.indexed_hash` to NULL, so that a job
 * rebuilds the index.
 */
export function fold(text: string): string {
  const bare = withoutAccents(text.replace(INVISIBLE, ""));
  const lower = withoutAccents(bare.toUpperCase().toLowerCase());
  // biome-ignore lint/style/noNonNullAssertion: the expression matches only keys of the table
  return lower.replace(PLAIN_LETTERS, (letter) => PLAIN[letter]!);
}

const withoutAccents = (text: string): string => text.normalize("NFKD").replace(ACCENTS, "");

/** First bytes of the folded text, as a key for sorting and comparing. */
export const keyOf = (text: string, bytes: number): Buffer =>
  Buffer.from(fold(text).trim().replace(/\s+/g, " ")).subarray(0, bytes);
