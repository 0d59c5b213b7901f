import { expect, test } from "@jest/globals";
import { assertPlausible } from "./grant-rules.ts";

const LIMITS = { maxMs: 30 * 60_000, skewMs: 60_000 };
const at = (minute: number) => new Date(Date.UTC(2030, 0, 1, 9, minute));

test.each([
  ["of the maximum length", at(0), at(30)],
  ["that was revoked", at(-5), at(-5)],
  ["that arrives late", at(-600), at(-570)],
  ["from a clock that is a minute ahead", at(1), at(31)],
])("a grant %s is accepted", (_what, occurTime, endTime) => {
  expect(() => assertPlausible({ occurTime, endTime }, LIMITS, at(0))).not.toThrow();
});

test.each([
  ["a millisecond over the maximum length", at(0), new Date(at(30).getTime() + 1)],
  ["for years", at(0), new Date("2200-01-01T00:00:00Z")],
  ["from the future", at(2), at(32)],
])("a grant %s is refused", (_what, occurTime, endTime) => {
  expect(() => assertPlausible({ occurTime, endTime }, LIMITS, at(0))).toThrow(
    `A grant of ${occurTime.toISOString()} until ${endTime.toISOString()} is refused: the maximum is 1800 s.`,
  );
});
