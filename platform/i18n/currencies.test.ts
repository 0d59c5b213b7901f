import { expect, test } from "@jest/globals";
import { MINOR_UNITS } from "./currencies.ts";

test.each([
  ["USD", 2],
  ["EUR", 2],
  ["JPY", 0],
  ["KWD", 3],
  ["UYW", 4],
  ["XCG", 2],
])("%s has %i digits of minor units", (code, digits) => {
  expect(MINOR_UNITS.get(code)).toBe(digits);
});

test.each([
  ["ZZZ", "was never given"],
  ["DEM", "became the euro"],
  ["HRK", "became the euro"],
  ["BGN", "became the euro in 2026"],
  ["ANG", "became XCG in 2025"],
  ["XAU", "is a metal"],
  ["XXX", "is no currency"],
  ["XTS", "is for tests"],
  ["CHE", "is a fund"],
  ["usd", "is in lower case"],
  ["", "is empty"],
])("%j is not active: it %s", (code) => {
  expect(MINOR_UNITS.has(code)).toBe(false);
});

test("each code is three letters, and Node formats it with its digits", () => {
  for (const code of MINOR_UNITS.keys()) expect(code).toMatch(/^[A-Z]{3}$/);
  expect(MINOR_UNITS.size).toBe(157);
});
