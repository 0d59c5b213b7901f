import { printParseErrorCode, visit } from "jsonc-parser";

interface Mistake {
  /** Name of an error of jsonc-parser, such as "CommaExpected". */
  readonly code: string;
  /** Position in UTF-16 units. */
  readonly offset: number;
}

/**
 * Describes the first mistake in a text that JSON.parse has refused, with its place: "Malformed JSON at line
 * 1, column 34: trailing comma; remove it." Never quotes the text, because it may hold personal data or
 * secrets. Looks for the mistake in the first 32 KiB only, which takes some milliseconds.
 */
export function describeMalformedJson(text: string): string {
  const mistake = firstMistake(text.slice(0, MAX_SEARCHED));
  if (!mistake) return "Malformed JSON: it is incomplete, or nested too deeply.";
  if (text.length > MAX_SEARCHED && mistake.offset >= MAX_SEARCHED - LONGEST_SYMBOL)
    return `Malformed JSON after its first ${MAX_SEARCHED / 1024} KiB.`;
  const offset = isTrailingComma(text, mistake) ? text.lastIndexOf(",", mistake.offset - 1) : mistake.offset;
  const before = text.slice(0, offset).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  return `Malformed JSON at line ${before.length}, column ${column}: ${wordsOf(text, mistake)}.`;
}

/** Length of the searched part, in UTF-16 units. jsonc-parser is slower than JSON.parse by a factor of 30. */
const MAX_SEARCHED = 32 * 1024;
/** A mistake so close to the end of the searched part may be only the cut. */
const LONGEST_SYMBOL = 20;

function firstMistake(text: string): Mistake | undefined {
  let first: Mistake | undefined;
  try {
    visit(
      text,
      {
        onError: (code, offset) => {
          first = { code: printParseErrorCode(code), offset };
          throw first;
        },
      },
      { disallowComments: true, allowTrailingComma: false },
    );
  } catch {
    // Either the first mistake, which ends the visit, or a RangeError for a text nested too deeply.
  }
  return first;
}

const isTrailingComma = (text: string, { code, offset }: Mistake): boolean =>
  (code === "PropertyNameExpected" || code === "ValueExpected") &&
  /[}\]]/.test(text[offset] ?? "") &&
  text.slice(0, offset).trimEnd().endsWith(",");

function wordsOf(text: string, mistake: Mistake): string {
  if (isTrailingComma(text, mistake)) return "trailing comma; remove it";
  if (mistake.code === "InvalidSymbol") {
    const rest = text.slice(mistake.offset, mistake.offset + LONGEST_SYMBOL);
    return (
      SYMBOLS.find(([pattern]) => pattern.test(rest))?.[1] ??
      "unexpected text; names and texts need double quotes"
    );
  }
  return WORDS[mistake.code] ?? "unexpected text";
}

/** Texts that are no JSON, as other languages and careless string building write them. */
const SYMBOLS: readonly (readonly [RegExp, string])[] = [
  [/^\ufeff/, "byte order mark; send UTF-8 without it"],
  [/^['`]/, "single quote or backtick; JSON takes double quotes"],
  [/^[\u201c\u201d\u201e\u2018\u2019]/, "typographic quote; JSON takes the plain double quote"],
  [/^undefined\b/, "undefined is not JSON; leave the field out, or send null"],
  [/^[+-]?(?:NaN|Infinity)\b/, "NaN and Infinity are not JSON; send a number"],
  [/^(?:True|False|None)\b/, "JSON writes true, false and null in lower case"],
  [/^object Object\]/, "an object turned into text; send JSON.stringify(body)"],
  [/^[+.]/, "a number starts with a digit or a minus sign"],
  [/^x[0-9a-f]/i, "hexadecimal number; JSON takes decimal numbers"],
  [/^[\w.%+-]+=/, 'form encoding; send JSON such as {"name": "value"}'],
  [/^\s/, "a space that JSON does not know; use plain spaces"],
];

const WORDS: Readonly<Record<string, string>> = {
  InvalidNumberFormat: "not a number as JSON writes it",
  PropertyNameExpected: "a field name in double quotes is expected",
  ValueExpected: "a value is missing",
  ColonExpected: "a colon is missing after the field name",
  CommaExpected: "a comma is missing, or a number has a leading zero",
  CloseBraceExpected: "the text ends before its closing }",
  CloseBracketExpected: "the text ends before its closing ]",
  EndOfFileExpected: "text after the end of the JSON value",
  InvalidCommentToken: "a comment; JSON has none",
  UnexpectedEndOfComment: "a comment; JSON has none",
  UnexpectedEndOfString: "a string without its closing quote; write a line break in it as \\n",
  UnexpectedEndOfNumber: "a number without its last digits",
  InvalidUnicode: "\\u needs four hexadecimal digits",
  InvalidEscapeCharacter: "a backslash that JSON does not know; write it as \\\\",
  InvalidCharacter: "a control character in a string; escape it",
};
