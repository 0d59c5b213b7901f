import { expect, test } from "@jest/globals";
import { statusAt } from "./prescription.ts";

const expireTime = new Date("2031-01-01T09:00:00Z");
const before = new Date(expireTime.getTime() - 1);

test.each([
  ["ACTIVE", before, "ACTIVE"],
  ["ACTIVE", expireTime, "EXPIRED"],
  ["STOPPED", expireTime, "STOPPED"],
  ["CANCELLED", expireTime, "CANCELLED"],
] as const)("a prescription that is %s reads at %s as %s", (status, now, shown) => {
  expect(statusAt({ status, expireTime }, now)).toBe(shown);
});
