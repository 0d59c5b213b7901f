import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { fold, keyOf } from "./fold.ts";

test.each([
  ["İbrahim", "ibrahim"],
  ["ısı", "isi"],
  ["straße", "STRASSE"],
  ["STRAẞE", "strasse"],
  ["Groß", "gross"],
  ["Ærø", "aero"],
  ["Œuvre", "oeuvre"],
  ["Łódź", "lodz"],
  ["Đorđe", "dorde"],
  ["Þór", "thor"],
  ["Ħal", "hal"],
  ["Nguyễn", "nguyen"],
  ["ΟΔΟΣ", "οδός"],
  ["Йод", "иод"],
  ["ﬁnanſ", "FINANS"],
  ["Ｆｕｌｌ", "full"],
  ["Ⅷ", "viii"],
  ["Dž", "dz"],
  ["café", "cafe\u0301"],
  ["שָׁלוֹם", "שלום"],
  ["مُحَمَّد", "محمد"],
  ["cardio\u00adlogy", "cardiology"],
])("%s and %s fold to the same", (a, b) => {
  expect(fold(a)).toBe(fold(b));
});

test.each([
  ["vowel signs of Devanagari", "कि", "का"],
  ["Thai vowels", "กิ", "กา"],
  ["letters", "ab", "ac"],
])("%s fold to different texts", (_, a, b) => {
  expect(fold(a)).not.toBe(fold(b));
});

/** The Greek iota subscript is a mark in lower case and a letter in upper case. */
const IOTA_BELOW = "\u0345";
const texts = fc.string({ unit: "grapheme" }).filter((text) => !text.normalize("NFD").includes(IOTA_BELOW));

test("folding is idempotent and independent of case and normal form", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const folded = fold(text);
      const spellings = [
        folded,
        text.toUpperCase(),
        text.toLowerCase(),
        text.normalize("NFC"),
        text.normalize("NFD"),
        text.normalize("NFKC"),
      ];
      expect(spellings.map(fold)).toEqual(spellings.map(() => folded));
    }),
  );
});

test("a key fits its column, and spellings of a text have the same key", () => {
  expect(keyOf("𠀀".repeat(200), 64)).toHaveLength(64);
  expect(keyOf(" Öffentliche  Gesundheit", 64)).toEqual(keyOf("OFFENTLICHE GESUNDHEIT", 64));
});
