import { invalidField } from "@medconnect/platform/errors/api-error.ts";
import { fold } from "./fold.ts";

export const MAX_QUERY_WORDS = 8;
const MAX_WORDS = 500;
const MAX_LETTERS = 40;
/** The beginnings of words that have entries of their own, in letters. */
const SHORT = [1, 2];

/** The entries of the index that begin with a word of a query, as bytes: from `first` up to, not including, `end`. */
export interface WordRange {
  first: Buffer;
  end: Buffer;
}

/** The words of a text, folded and cut to 40 letters, each once. */
export function wordsOf(text: string): string[] {
  const words = fold(text).match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return [...new Set(words.map((word) => beginningOf(word, MAX_LETTERS)))];
}

/**
 * The entries by which a text is found: its first 500 words, and their first and first two letters. So a query of few
 * letters reads one entry a doctor, not one for each word of each profile.
 */
export function entriesOf(text: string): string[] {
  const words = wordsOf(text).slice(0, MAX_WORDS);
  const beginnings = SHORT.flatMap((letters) => words.map((word) => beginningOf(word, letters)));
  return [...new Set([...words, ...beginnings])];
}

/**
 * The ranges of the index of which a doctor must have an entry each. They do not overlap: where one word begins with
 * another, the longer asks for both. Throws INVALID_REQUEST for a query without a word, or of more than eight.
 */
export function rangesOf(query: string): WordRange[] {
  if (query === "") return [];
  const words = wordsOf(query);
  if (words.length === 0) throw invalidField("query", "must have a letter or digit");
  if (words.length > MAX_QUERY_WORDS) {
    throw invalidField("query", `must have at most ${MAX_QUERY_WORDS} different words, not ${words.length}`);
  }
  return words
    .filter((word) => !words.some((other) => other !== word && other.startsWith(word)))
    .map(rangeOf);
}

function rangeOf(word: string): WordRange {
  const first = Buffer.from(word);
  if (SHORT.includes([...word].length)) return { first, end: Buffer.concat([first, Buffer.of(0)]) };
  // No byte of UTF-8 is 0xff, so the last one can be raised.
  const end = Buffer.from(first);
  end[end.length - 1]! += 1;
  return { first, end };
}

const beginningOf = (word: string, letters: number): string => [...word].slice(0, letters).join("");
