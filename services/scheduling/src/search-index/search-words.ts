import { invalidField } from "@medconnect/platform/errors/api-error.ts";
import { fold } from "./fold.ts";

export const MAX_QUERY_WORDS = 8;
const MAX_WORDS = 500;
const MAX_LETTERS = 40;
/** Lengths of the indexed prefixes, in letters; whole words are indexed, too. */
const SHORT = [1, 2];

/** Range of index entries that match a word of a query: from `first` to `end`, exclusive. */
export interface WordRange {
  first: Buffer;
  end: Buffer;
}

/** Distinct words of a text, folded and cut to 40 letters. */
export function wordsOf(text: string): string[] {
  const words = fold(text).match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return [...new Set(words.map((word) => beginningOf(word, MAX_LETTERS)))];
}

/**
 * Index entries of a text: its first 500 words, and the prefixes of one and two letters of these words.
 * Because of the prefixes, a query of one or two letters reads one entry per doctor instead of one per word.
 */
export function entriesOf(text: string): string[] {
  const words = wordsOf(text).slice(0, MAX_WORDS);
  const beginnings = SHORT.flatMap((letters) => words.map((word) => beginningOf(word, letters)));
  return [...new Set([...words, ...beginnings])];
}

/**
 * Ranges of index entries, one for each word of a query. A doctor matches if each range contains an entry of
 * the doctor. A word is left out if it is a prefix of another word of the query, so the ranges do not
 * overlap. Throws INVALID_REQUEST for a query without words, or with more than eight.
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
  // UTF-8 has no byte 0xff, so the last byte can be incremented.
  const end = Buffer.from(first);
  // biome-ignore lint/style/noNonNullAssertion: a word has at least one letter
  end[end.length - 1]! += 1;
  return { first, end };
}

const beginningOf = (word: string, letters: number): string => [...word].slice(0, letters).join("");
