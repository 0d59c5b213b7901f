/** Plain spelling of letters that Unicode neither decomposes nor folds. */
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
/** Accents, and the vowel points of Hebrew and Arabic. Vowel signs of Indic scripts and Thai stay: readers see them as letters. */
const ACCENTS = /[\p{M}&&[\p{Script=Inherited}\p{Script=Hebrew}\p{Script=Arabic}]]/gv;
/** Soft hyphens, joiners and marks of direction. */
const INVISIBLE = /\p{Cf}/gu;

/**
 * Folds a text for comparison: texts that differ only in case, accents or compatibility forms fold to the same. NFKD
 * without accents, then full case folding (Unicode §3.13). JavaScript has no such function, but the lower case of the upper
 * case gives the same: "ſ" becomes "s", and "ı" becomes "i". Folding twice changes nothing. A change of this function needs a
 * migration that sets `doctors.indexed_hash` to NULL, so that a job rebuilds the index.
 */
export function fold(text: string): string {
  const bare = withoutAccents(text.replace(INVISIBLE, ""));
  const lower = withoutAccents(bare.toUpperCase().toLowerCase());
  return lower.replace(PLAIN_LETTERS, (letter) => PLAIN[letter]!);
}

const withoutAccents = (text: string): string => text.normalize("NFKD").replace(ACCENTS, "");

/** Bytes of the folded text, cut to a column's length: a sort key, and a key for comparing spellings. */
export const keyOf = (text: string, bytes: number): Buffer =>
  Buffer.from(fold(text).trim().replace(/\s+/g, " ")).subarray(0, bytes);
