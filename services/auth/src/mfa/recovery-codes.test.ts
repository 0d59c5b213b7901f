import { expect, test } from "@jest/globals";
import { newRecoveryCodes, recoveryCodeHash } from "./recovery-codes.ts";

test("ten codes differ, with 24 symbols (120 bits) each", () => {
  const codes = newRecoveryCodes();
  expect(new Set(codes).size).toBe(10);
  for (const code of codes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){5}$/);
});

test("all spellings of a code have one hash", () => {
  const hash = recoveryCodeHash("0123-4567-89AB-CDEF-GHJK-MNPQ");
  expect(recoveryCodeHash("o123 4567 89ab cdef ghjk mnpq")).toEqual(hash);
  expect(recoveryCodeHash("OL23456789ABCDEFGHJKMNPQ")).toEqual(hash);
  expect(recoveryCodeHash("0123-4567-89AB-CDEF-GHJK-MNPR")).not.toEqual(hash);
});
