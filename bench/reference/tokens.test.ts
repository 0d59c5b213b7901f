import { expect, test } from "@jest/globals";
import { signToken, subjectOf } from "./tokens.ts";

test("a signed token yields its subject", () => {
  expect(subjectOf(signToken("patient-1"))).toBe("patient-1");
});

test.each([
  ["is absent", ""],
  ["is made up", "a.b.c"],
  ["has another signature", signToken("patient-1").replace(/\.[^.]+$/, `.${"A".repeat(86)}`)],
])("a token that %s is not valid", (_, token) => {
  expect(subjectOf(token)).toBeUndefined();
});
