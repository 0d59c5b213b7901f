import { expect, test } from "@jest/globals";
import { canonicalRegion, countryOf } from "./regions.ts";

test.each([
  ["a country", "DE", "DE"],
  ["a country in lower case", "de", "DE"],
  ["a subdivision", "US-CA", "US-CA"],
  ["a subdivision in mixed case", "us-Ca", "US-CA"],
  ["a subdivision of three letters", "GB-ENG", "GB-ENG"],
  ["a subdivision of digits", "FR-75C", "FR-75C"],
])("%s is a region", (_kind, text, code) => {
  expect(canonicalRegion(text)).toBe(code);
});

test.each(["", "XX", "USA", "US-ZZ", "US-", "U", "California", "UK", "ß", "uſ-ca", " DE", "DE ", "EU"])(
  "%j is no region",
  (text) => {
    expect(canonicalRegion(text)).toBeUndefined();
  },
);

test("a subdivision belongs to its country", () => {
  expect([countryOf("US-CA"), countryOf("DE")]).toEqual(["US", "DE"]);
});
