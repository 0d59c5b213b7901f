import { expect, test } from "@jest/globals";
import { CONNECTION_LIMITS } from "./connection-limits.ts";

const MIB = 1024 ** 2;

/** These numbers are promised in docs/security.md. */
test("connections have the promised limits", () => {
  expect(CONNECTION_LIMITS).toEqual({
    idleMs: 300_000,
    ageMs: 30_000,
    graceMs: 30_000,
    requestMs: 10_000,
    answerMs: 30_000,
    unfinishedBytes: 64 * MIB,
  });
});
