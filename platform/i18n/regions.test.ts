import { expect, test } from "@jest/globals";
import { iso31661, iso31662 } from "iso-3166";
import { canonicalRegion, TERRITORIES } from "./regions.ts";

test.each([
  ["a country", "DE", "DE"],
  ["a country in lower case", "de", "DE"],
  ["a subdivision", "US-CA", "US-CA"],
  ["a subdivision in mixed case", "us-Ca", "US-CA"],
  ["a subdivision of three letters", "GB-ENG", "GB-ENG"],
  ["a subdivision of digits", "FR-75C", "FR-75C"],
  ["a territory, as a subdivision", "us-pr", "PR"],
  ["a territory, as a country", "PR", "PR"],
  ["an island, as a subdivision of one of its countries", "NL-BQ1", "BQ-BO"],
])("%s is a region", (_kind, text, code) => {
  expect(canonicalRegion(text)).toBe(code);
});

test.each(["", "XX", "USA", "US-ZZ", "US-", "U", "California", "UK", "ß", "uſ-ca", " DE", "DE ", "EU"])(
  "%j is no region",
  (text) => {
    expect(canonicalRegion(text)).toBeUndefined();
  },
);

const COUNTRIES = new Set(iso31661.map(({ alpha2 }) => alpha2));
const SUBDIVISIONS = new Set(iso31662.map(({ code }) => code));

test("every territory has two codes of ISO 3166, and the canonical one is stable", () => {
  for (const [subdivision, own] of TERRITORIES) {
    expect([subdivision, SUBDIVISIONS.has(subdivision)]).toEqual([subdivision, true]);
    expect([own, COUNTRIES.has(own) || SUBDIVISIONS.has(own)]).toEqual([own, true]);
    expect(canonicalRegion(own)).toBe(own);
  }
});

/** Words of a name, without accents. */
const wordsOf = (name: string): string[] =>
  name
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .match(/[a-z]+/g) ?? [];

test("a subdivision with the code or the name of another country is a territory, but for namesakes", () => {
  const namesakes = ["BE-WLX", "GN-ML", "NG-NI", "US-GA"];
  const countries = iso31661.map(({ alpha2, name }) => ({ alpha2, words: wordsOf(name) }));
  const found = iso31662.filter(({ code, name }) => {
    const words = wordsOf(name);
    return countries
      .filter(({ alpha2 }) => !code.startsWith(alpha2))
      .some(
        (country) =>
          country.words.join() === words.join() ||
          (code.endsWith(`-${country.alpha2}`) &&
            words.some((word) => word.length > 3 && country.words.includes(word))),
      );
  });
  expect(found.length).toBeGreaterThan(20);
  expect(found.map(({ code }) => code).filter((code) => !TERRITORIES.has(code))).toEqual(namesakes);
});

test("every subdivision that CLDR replaces by a country is a territory", () => {
  const replaced = [...SUBDIVISIONS].filter((code) => {
    const tag = new Intl.Locale(`und-u-rg-${code.replace("-", "").toLowerCase()}`).toString();
    const [, country] = /-rg-([a-z]{2})zzzz$/.exec(tag) ?? [];
    return country !== undefined && COUNTRIES.has(country.toUpperCase());
  });
  expect(replaced.length).toBeGreaterThan(10);
  expect(replaced.filter((code) => !TERRITORIES.has(code))).toEqual([]);
});
