/** Letters that Unicode neither decomposes nor folds, as people type them who lack the key. */
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
/** Accents and the points of Hebrew and Arabic. Vowel signs of Indic scripts and Thai are no accents, and stay. */
const ACCENTS = /[\p{M}&&[\p{Script=Inherited}\p{Script=Hebrew}\p{Script=Arabic}]]/gv;
/** Soft hyphens, joiners and marks of direction, which nobody sees. */
const INVISIBLE = /\p{Cf}/gu;

/**
 * The form in which texts are compared: equal for texts that differ only in case, accents or compatibility forms.
 * NFKD without accents, then full case folding (Unicode §3.13), in JavaScript the lower case of the upper case: it turns
 * "ſ" into "s" and "ı" into "i". Folding twice changes nothing. A change of this function needs a migration that resets
 * `doctors.indexed_hash`, so that the index is made again.
 */
export function fold(text: string): string {
  const bare = withoutAccents(text.replace(INVISIBLE, ""));
  const lower = withoutAccents(bare.toUpperCase().toLowerCase());
  return lower.replace(PLAIN_LETTERS, (letter) => PLAIN[letter]!);
}

const withoutAccents = (text: string): string => text.normalize("NFKD").replace(ACCENTS, "");

/** The bytes of a folded text, cut to a column's length: for an order, and for equality in any spelling. */
export const keyOf = (text: string, bytes: number): Buffer =>
  Buffer.from(fold(text).trim().replace(/\s+/g, " ")).subarray(0, bytes);
