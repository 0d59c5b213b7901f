import { expect, test } from "@jest/globals";
import { warnUnverified } from "./warn-unverified.ts";

test.each([
  ["production", "off", 1],
  ["production", "required", 0],
  [undefined, "off", 0],
] as const)("NODE_ENV=%s EMAIL_VERIFICATION=%s: %i warnings", (NODE_ENV, EMAIL_VERIFICATION, warnings) => {
  const logged: string[] = [];
  const log = { warn: (message: string) => void logged.push(message) };
  warnUnverified({ NODE_ENV, EMAIL_VERIFICATION }, log as never);
  expect(logged).toHaveLength(warnings);
});
