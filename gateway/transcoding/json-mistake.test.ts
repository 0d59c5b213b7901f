import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { describeMalformedJson } from "./json-mistake.ts";

test.each([
  ['{"a":1,}', "line 1, column 7: trailing comma; remove it"],
  ['{"a":1,\n  "b":[1 ,\n]}', "line 2, column 10: trailing comma; remove it"],
  ["{'a':1}", "line 1, column 2: single quote or backtick; JSON takes double quotes"],
  ["{“a”:1}", "line 1, column 2: typographic quote; JSON takes the plain double quote"],
  ["{a:1}", "line 1, column 2: unexpected text; names and texts need double quotes"],
  ['{"a":undefined}', "line 1, column 6: undefined is not JSON; leave the field out, or send null"],
  ['{"a":-Infinity}', "line 1, column 6: NaN and Infinity are not JSON; send a number"],
  ['{"a":True}', "line 1, column 6: JSON writes true, false and null in lower case"],
  ['{"a":01}', "line 1, column 7: a comma is missing, or a number has a leading zero"],
  ['{"a":+1}', "line 1, column 6: a number starts with a digit or a minus sign"],
  ['{"a":0x1F}', "line 1, column 7: hexadecimal number; JSON takes decimal numbers"],
  ['{"a":1.}', "line 1, column 6: a number without its last digits"],
  ['{"a" 1}', "line 1, column 6: a colon is missing after the field name"],
  ['{"a":1 "b":2}', "line 1, column 8: a comma is missing, or a number has a leading zero"],
  ['{"a":}', "line 1, column 6: a value is missing"],
  ['{"a":1', "line 1, column 7: the text ends before its closing }"],
  ['{"a":[1', "line 1, column 8: the text ends before its closing ]"],
  ['{"a":1}}', "line 1, column 8: text after the end of the JSON value"],
  ['{"a":1}//b', "line 1, column 8: a comment; JSON has none"],
  ['{"a":"b', "line 1, column 6: a string without its closing quote; write a line break in it as \\n"],
  ['{"a":"C:\\d"}', "line 1, column 6: a backslash that JSON does not know; write it as \\\\"],
  ['{"a":"\\u12"}', "line 1, column 6: \\u needs four hexadecimal digits"],
  ['\ufeff{"a":1}', "line 1, column 1: byte order mark; send UTF-8 without it"],
  ["a=1&b=2", 'line 1, column 1: form encoding; send JSON such as {"name": "value"}'],
  ["[object Object]", "line 1, column 2: an object turned into text; send JSON.stringify(body)"],
  ['{"a":\u00a01}', "line 1, column 6: a space that JSON does not know; use plain spaces"],
])("%j: %s", (text, words) => {
  expect(() => JSON.parse(text)).toThrow(SyntaxError);
  expect(describeMalformedJson(text)).toBe(`Malformed JSON at ${words}.`);
});

test("each text that JSON.parse refuses gets a place", () => {
  const unit = fc.constantFrom(..."{}[]:,\"'\\ \n01-+.eEaun", "true", "null", '"a"', "\ufeff", "/*");
  fc.assert(
    fc.property(fc.array(unit, { minLength: 1, maxLength: 12 }), (units) => {
      const text = units.join("");
      if (isJson(text)) return;
      expect(describeMalformedJson(text)).toMatch(/^Malformed JSON at line \d+, column \d+: \S.*\.$/s);
    }),
    { numRuns: 5000 },
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("deep nesting is described, too", () => {
  expect(describeMalformedJson("[".repeat(1_000_000))).toBe(
    "Malformed JSON: it is incomplete, or nested too deeply.",
  );
});

test.each(['{"a":1},', '"a",', "  \n", "[],", "1,", '"', "{", '{"a":', "1", "x"])(
  "1 MiB of %j takes little time",
  (item) => {
    const text = `[${item.repeat(2 ** 20 / item.length)}`;
    const startedAtMs = performance.now();
    expect(describeMalformedJson(text)).toMatch(/^Malformed JSON/);
    expect(performance.now() - startedAtMs).toBeLessThan(1000);
  },
);

test("a mistake after the first 32 KiB is named without its place", () => {
  const items = '{"a":1},'.repeat(8000);
  expect(describeMalformedJson(`[${items}{'a':1}]`)).toBe("Malformed JSON after its first 32 KiB.");
  expect(describeMalformedJson(`[{'a':1},${items}]`)).toContain("line 1, column 3: single quote");
});
