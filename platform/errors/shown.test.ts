import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { shown } from "./shown.ts";

test.each<[unknown, string]>([
  ["patient", '"patient"'],
  ["Zoë 山田 👩", '"Zoë 山田 👩"'],
  ['a"b\\c', '"a\\"b\\\\c"'],
  ["a\u0000\n", '"a\\u0000\\n"'],
  ["Jo\u202eDoe", '"Jo\\u202eDoe"'],
  ["a\u00a0b\u200b", '"a\\u00a0b\\u200b"'],
  ["\u{e0067}", '"\\udb40\\udc67"'],
  ["\ud800", '"\\ud800"'],
  [5, "5"],
  [true, "true"],
  [10n ** 70n, `1${"0".repeat(62)}…`],
])("%p is shown as %s", (value, text) => {
  expect(shown(value)).toBe(text);
});

test("a text of any length has at most 64 visible characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (value) => {
      const text = shown(value);
      expect(text.length).toBeLessThanOrEqual(64);
      expect(text).toMatch(/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u);
      expect(text).not.toMatch(/\\(?:u[0-9a-f]{0,3})?…$/);
    }),
  );
  expect(shown("x".repeat(100_000))).toBe(`"${"x".repeat(62)}…`);
});
