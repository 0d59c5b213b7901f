import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { entriesOf, rangesOf, wordsOf } from "./search-words.ts";

/**
 * True if a query finds a text. As in the SQL of the search, each range of the query must contain an entry of
 * the text.
 */
function finds(query: string, text: string): boolean {
  const entries = entriesOf(text).map((entry) => Buffer.from(entry));
  return rangesOf(query).every(({ first, end }) =>
    entries.some((entry) => entry.compare(first) >= 0 && entry.compare(end) < 0),
  );
}

test.each([
  ["joint", "Writes about joints", true],
  ["oint", "Writes about joints", false],
  ["w j", "Writes about joints", true],
  ["w z", "Writes about joints", false],
  ["jo jo joints", "Writes about joints", true],
  ["ab", "a b", false],
  ["o'brien", "Dr. O’Brien", true],
  ["ibrahim", "İbrahim", true],
  ["İBRAHİM", "ibrahim", true],
  ["strasse", "Straße 5", true],
  ["gross", "Groß", true],
  ["心", "心臓専門医", true],
  ["心臓専", "心臓専門医", true],
])("%j in %j: %p", (query, text, expected) => {
  expect(finds(query, text)).toBe(expected);
});

test("a query finds exactly the texts in which each of its words is a prefix of a word", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "ß", "Ä"), minLength: 1, maxLength: 4 });
  const words = fc.array(word, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(words, words, (query, text) => {
      const expected = wordsOf(query.join(" ")).every((asked) =>
        wordsOf(text.join(" ")).some((own) => own.startsWith(asked)),
      );
      expect(finds(query.join(" "), text.join("-"))).toBe(expected);
    }),
  );
});

test("ranges do not overlap", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "𠀀", "z"), minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (words) => {
      const ranges = rangesOf(words.join(" ")).sort((a, b) => a.first.compare(b.first));
      for (const [i, { first }] of ranges.slice(1).entries())
        expect(ranges[i]!.end.compare(first)).toBeLessThanOrEqual(0);
    }),
  );
});

const invalid = (detail: string) =>
  expect.objectContaining({
    reason: "INVALID_REQUEST",
    violations: [{ field: "query", description: detail }],
  });

test("a query of nine different words is refused; repeated words do not count", () => {
  const eight = "a b c d e f g h";
  expect(() => rangesOf(`${eight} i`)).toThrow(invalid("must have at most 8 different words, not 9"));
  expect(rangesOf(`${eight} A B C`)).toHaveLength(8);
});

test("a query without a letter or digit is refused; an empty one has no ranges", () => {
  expect(() => rangesOf("¿?!")).toThrow(invalid("must have a letter or digit"));
  expect(rangesOf("")).toEqual([]);
});

test("a text is indexed by at most 500 words of at most 40 letters", () => {
  const text = Array.from({ length: 600 }, (_, i) => `word${i}`).join(" ");
  expect(entriesOf(text).filter((entry) => entry.length > 2)).toHaveLength(500);
  expect(wordsOf("𠀀".repeat(200))).toEqual(["𠀀".repeat(40)]);
});
