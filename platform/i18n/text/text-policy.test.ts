import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { lineRule, textRule } from "./text-policy.ts";

const refusalAt = (name: string, position: number) => ({
  refused: `must not have the invisible character ${name} (at position ${position})`,
});
const NOTHING_SEEN = { refused: "must contain a visible character" };

describe("a name or another line", () => {
  test.each([
    ["Jo Doe", "Jo Doe"],
    ["  Jo Doe\t\n", "Jo Doe"],
    ["\u00a0\u3000Jo\u2009", "Jo"],
    ["Jose\u0301", "José"],
    ["O’Brien-Müller, jr.", "O’Brien-Müller, jr."],
    ["İbrahim Öztürk", "İbrahim Öztürk"],
    ["山田　太郎", "山田　太郎"],
    ["♥", "♥"],
    ["", ""],
    [" \u00a0\u2003 ", ""],
  ])("%j becomes %j", (text, kept) => {
    expect(lineRule(text)).toBe(kept);
  });

  test.each([
    ["a Persian word", "می\u200cخواهم"],
    ["a Persian plural after a non-joining letter", "کار\u200cها"],
    ["Devanagari with an explicit virama", "क्\u200cष"],
    ["Devanagari with a half form", "क्\u200dष"],
    ["a Sinhala conjunct", "ශ්\u200dරී"],
    ["a Malayalam chillu at the end", "അവന്\u200d"],
    ["a Bengali ya-phalaa after ra", "র\u200d্যাচেল"],
    ["a family", "👨\u200d👩\u200d👧"],
    ["a woman doctor of a skin tone", "👩🏽\u200d⚕\ufe0f"],
    ["a heart on fire", "❤\ufe0f\u200d🔥"],
    ["a pirate flag", "🏴\u200d☠\ufe0f"],
    ["a keycap", "1\ufe0f\u20e3"],
    ["a Japanese name's variant of a character", "葛\u{e0100}城"],
    ["a Mongolian form", "ᠠ\u180b"],
  ])("%s keeps its joiners and selectors: %s", (_what, text) => {
    expect(lineRule(text)).toBe(text.normalize("NFC"));
  });

  test.each([
    ["a\u0000b", "U+0000", 2],
    ["a\u0007", "U+0007", 2],
    ["a\tb", "U+0009", 2],
    ["a\nb", "U+000A", 2],
    ["a\rb", "U+000D", 2],
    ["a\u0085b", "U+0085", 2],
    ["a\u2028b", "U+2028", 2],
    ["a\u2029b", "U+2029", 2],
    ["a\u00adb", "U+00AD", 2],
    ["a\u200bb", "U+200B", 2],
    ["\u200b", "U+200B", 1],
    ["a\u200eb", "U+200E", 2],
    ["a\u061cb", "U+061C", 2],
    ["a\u202ab", "U+202A", 2],
    ["a\u202eb", "U+202E", 2],
    ["\u202e", "U+202E", 1],
    ["a\u2066b", "U+2066", 2],
    ["a\u2060b", "U+2060", 2],
    ["a\ufeffb", "U+FEFF", 2],
    ["\ufeffa", "U+FEFF", 1],
    ["a\u3164b", "U+3164", 2],
    ["\u3164", "U+3164", 1],
    ["a\uffa0b", "U+FFA0", 2],
    ["a\u034fb", "U+034F", 2],
    ["  😀\u202eb", "U+202E", 4],
    ["🏴\u{e0067}\u{e007f}", "U+E0067", 2],
  ])("%j is refused for %s", (text, name, position) => {
    expect(lineRule(text)).toEqual(refusalAt(name, position));
  });

  test.each([
    ["between Latin letters", "a\u200db", "U+200D", 2],
    ["between Latin letters, without joining", "pay\u200cpal", "U+200C", 4],
    ["at the beginning", "\u200dم", "U+200D", 1],
    ["at the end of an Arabic word", "علی\u200c", "U+200C", 4],
    ["doubled", "می\u200c\u200cخواهم", "U+200C", 3],
    ["between scripts", "م\u200ca", "U+200C", 2],
    ["between Chinese characters", "山\u200d田", "U+200D", 2],
    ["after an emoji", "👩\u200d", "U+200D", 2],
    ["between an emoji and a letter", "👩\u200da", "U+200D", 2],
  ])("a joiner %s is refused", (_where, text, name, position) => {
    expect(lineRule(text)).toEqual(refusalAt(name, position));
  });

  test("variation selectors vary one character each", () => {
    expect(lineRule("\ufe0fa")).toEqual(refusalAt("U+FE0F", 1));
    expect(lineRule("a \ufe0f")).toEqual(refusalAt("U+FE0F", 3));
    expect(lineRule("a\ufe0f\u{e0101}\u{e0102}")).toEqual(refusalAt("U+E0101", 3));
  });

  test.each(["\u2800", "\u0301", "\u2800\u2800 \u2800"])(
    "%j is refused, because nothing is visible",
    (text) => {
      expect(lineRule(text)).toEqual(NOTHING_SEEN);
    },
  );
});

test("a letter has at most 30 marks", () => {
  expect(lineRule(`a${"\u0316\u0301".repeat(15)}`)).toEqual(expect.any(String));
  expect(lineRule(`a${"\u0316\u0301".repeat(15)}\u0316`)).toEqual({
    refused: "must not have more than 30 combining marks in a row",
  });
});

describe("a text", () => {
  test.each([
    ["two\r\nlines", "two\nlines"],
    ["a\n\n\tb\n", "a\n\n\tb"],
    ["שלום\u200f \u200eabc\u061c", "שלום\u200f \u200eabc\u061c"],
    ["Donau\u00addampf", "Donau\u00addampf"],
    [" \r\n\t ", ""],
  ])("%j becomes %j", (text, kept) => {
    expect(textRule(text)).toBe(kept);
  });

  test.each([
    ["a\rb", "U+000D", 2],
    ["a\u000bb", "U+000B", 2],
    ["a\u2028b", "U+2028", 2],
    ["a\r\n\u202eb", "U+202E", 3],
    ["a\u202bb\u202c", "U+202B", 2],
    ["a\u2067b\u2069", "U+2067", 2],
    ["a\u200bb", "U+200B", 2],
    ["a\u200cb", "U+200C", 2],
    ["a\u001b[31m", "U+001B", 2],
  ])("%j is refused for %s", (text, name, position) => {
    expect(textRule(text)).toEqual(refusalAt(name, position));
  });

  test.each(["\u200e", "\u00ad\n\u200f", "\u2800"])("%j is refused, because nothing is visible", (text) => {
    expect(textRule(text)).toEqual(NOTHING_SEEN);
  });
});

test.each([
  ["lineRule", lineRule],
  ["textRule", textRule],
])("text accepted by %s is stable, trimmed, composed and visible", (_name, rule) => {
  const unit = fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    fc.constantFrom("\u200d", "\u200c", "👩", "क", "्", "م", "\u0301", "a", " ", "\r\n", "\ufe0f", "\u200e"),
  );
  const text = fc.array(unit, { maxLength: 8 }).map((units) => units.join("").toWellFormed());
  fc.assert(
    fc.property(text, (sent) => {
      const kept = rule(sent);
      if (typeof kept !== "string") return;
      expect(rule(kept)).toBe(kept);
      expect(kept).toBe(kept.normalize("NFC").trim());
      expect(kept === "" || /[\p{L}\p{N}\p{P}\p{S}]/u.test(kept)).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test("time is linear in the length", () => {
  const started = performance.now();
  const fillings = [
    " ",
    "\u200e",
    "é",
    "\u00a0",
    "a ",
    "\r\n",
    "\u0301\u0316",
    "e\u0316\u0301",
    "क\u094d\u200d",
  ];
  for (const filling of fillings) textRule(`a${filling.repeat(200_000)}b`);
  expect(performance.now() - started).toBeLessThan(30_000);
});
