import { expect, test } from "@jest/globals";
import { statusAt } from "./grant-rules.ts";

const expireTime = new Date("2030-01-01T09:30:00Z");
const before = new Date(expireTime.getTime() - 1);

test.each([
  ["ACTIVE", before, null],
  ["EXPIRED", expireTime, null],
  ["REVOKED", before, new Date("2030-01-01T09:10:00Z")],
  ["REVOKED", expireTime, new Date("2030-01-01T09:10:00Z")],
] as const)("a grant is %s at %s, revoked at %s", (status, now, revokeTime) => {
  expect(statusAt({ expireTime, revokeTime }, now)).toBe(status);
});
