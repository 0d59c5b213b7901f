import { joinsAt } from "./joiners.ts";

/** A refusal of a text. `refused` is the reason, which becomes the description of the violation. */
export interface Refusal {
  readonly refused: string;
}

/** Returns the canonical form of a text, or a refusal. */
export type TextRule = (text: string) => string | Refusal;

/**
 * Rule for a name or another single line: trimmed, composed (NFC), and without invisible characters, such as
 * control and format characters. Exceptions: joiners where a script or an emoji needs them, and variation
 * selectors after a visible character.
 */
export const lineRule: TextRule = (text) => policy(text, INVISIBLE_IN_LINE);

/**
 * Rule for a text of several lines: the rule for a single line, but line ends (which become LF), tabs, soft
 * hyphens and direction marks are allowed.
 */
export const textRule: TextRule = (text) => policy(text.replaceAll("\r\n", "\n"), INVISIBLE_IN_TEXT);

/** Printable ASCII without surrounding space. Most texts match this, and need no further check. */
const PLAIN = /^[!-~](?:[ -~]*[!-~])?$/;

/** Control and format characters, line and paragraph separators, and default ignorable code points. */
const INVISIBLE_IN_LINE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Default_Ignorable_Code_Point}]/gv;
const INVISIBLE_IN_TEXT =
  /[[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Default_Ignorable_Code_Point}]--[\n\t\u200e\u200f\u061c\u00ad]]/gv;

const JOINER = /[\u200c\u200d]/;
/** A variation selector after a visible character. Several in a row could carry a hidden message. */
const VARIATION = /(?<=[[\p{L}\p{M}\p{N}\p{P}\p{S}]--\p{Variation_Selector}])\p{Variation_Selector}/vy;

/**
 * Visible characters. Omits fillers and the empty Braille pattern, which Unicode counts as letters or symbols
 * although they are invisible.
 */
const VISIBLE = /[[\p{L}\p{N}\p{P}\p{S}]--[\p{Default_Ignorable_Code_Point}\u2800]]/v;

/** 31 marks in a row, more than any script needs (UAX #15). NFC would take quadratic time for them. */
const TOO_MANY_MARKS = /(?<!\p{M})\p{M}{31}/u;

function policy(sent: string, invisible: RegExp): string | Refusal {
  if (PLAIN.test(sent)) return sent;
  if (TOO_MANY_MARKS.test(sent)) return { refused: "must not have more than 30 combining marks in a row" };
  // Composes the text before the checks, because NFC reorders marks, and so may change the character before a
  // joiner.
  const composed = sent.normalize("NFC");
  const { start, end } = withoutSpaceAround(composed);
  const text = composed.slice(start, end);
  for (const { 0: character, index } of text.matchAll(invisible)) {
    if (!isAllowedAt(text, character, index)) return refusalOf(composed, character, start + index);
  }
  return text !== "" && !VISIBLE.test(text) ? { refused: "must contain a visible character" } : text;
}

const SPACE = /\p{White_Space}/u;

/**
 * Finds the range of a text without surrounding space. Uses a loop, because a regular expression would take
 * quadratic time.
 */
export function withoutSpaceAround(text: string): { start: number; end: number } {
  let [start, end] = [0, text.length];
  while (start < end && SPACE.test(text.charAt(start))) start++;
  while (end > start && SPACE.test(text.charAt(end - 1))) end--;
  return { start, end };
}

function isAllowedAt(text: string, character: string, index: number): boolean {
  if (JOINER.test(character)) return joinsAt(text, index);
  VARIATION.lastIndex = index;
  return VARIATION.test(text);
}

function refusalOf(text: string, character: string, index: number): Refusal {
  // biome-ignore lint/style/noNonNullAssertion: `character` is a match of one code point
  const name = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
  const position = [...text.slice(0, index)].length + 1;
  return { refused: `must not have the invisible character ${name} (at position ${position})` };
}
