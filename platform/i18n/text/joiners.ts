/** Scripts whose letters look different depending on the letters around them, such as Arabic. */
const CURSIVE =
  "[\\p{scx=Arab}\\p{scx=Syrc}\\p{scx=Nkoo}\\p{scx=Mand}\\p{scx=Mong}\\p{scx=Phag}\\p{scx=Adlm}\\p{scx=Rohg}]";
/** Scripts whose consonants merge into conjuncts, such as Devanagari. */
const INDIC =
  "[\\p{scx=Deva}\\p{scx=Beng}\\p{scx=Guru}\\p{scx=Gujr}\\p{scx=Orya}\\p{scx=Taml}\\p{scx=Telu}\\p{scx=Knda}" +
  "\\p{scx=Mlym}\\p{scx=Sinh}\\p{scx=Mymr}\\p{scx=Khmr}\\p{scx=Tibt}\\p{scx=Bali}\\p{scx=Java}\\p{scx=Sund}" +
  "\\p{scx=Cham}\\p{scx=Lana}\\p{scx=Tglg}\\p{scx=Mtei}\\p{scx=Newa}\\p{scx=Cakm}]";
const LETTER_OR_MARK = "[\\p{L}\\p{M}]";

/**
 * A joiner between two letters of a cursive or Indic script, or after an Indic mark such as a virama (Unicode
 * core specification, sections 9.2 and 12.2). Allows more than the CONTEXTJ rules of RFC 5892 (appendices A.1
 * and A.2): those rules refuse Persian plurals after a non-joining letter, and the Bengali ya-phalaa before
 * the virama.
 */
const BETWEEN_LETTERS = new RegExp(
  `(?<=[${CURSIVE}&&${LETTER_OR_MARK}])[\\u200c\\u200d](?=[${CURSIVE}&&${LETTER_OR_MARK}])` +
    `|(?<=[${INDIC}&&${LETTER_OR_MARK}])[\\u200c\\u200d](?=[${INDIC}&&${LETTER_OR_MARK}])` +
    `|(?<=[${INDIC}&&\\p{M}])[\\u200c\\u200d]`,
  "vy",
);

/** A joiner inside an emoji ZWJ sequence (UTS #51, ED-16), such as the one for a family or a woman doctor. */
const IN_EMOJI =
  /(?<=\p{Extended_Pictographic}[\p{Emoji_Modifier}\ufe0f]?)\u200d(?=\p{Extended_Pictographic})/vy;

/**
 * True if the joiner (ZWNJ or ZWJ) at an index has an effect. A joiner without an effect would make two
 * different texts look the same.
 */
export const joinsAt = (text: string, index: number): boolean =>
  matchesAt(BETWEEN_LETTERS, text, index) || matchesAt(IN_EMOJI, text, index);

function matchesAt(sticky: RegExp, text: string, index: number): boolean {
  sticky.lastIndex = index;
  return sticky.test(text);
}
