import { expect, test } from "@jest/globals";
import { assertMayOpen, statusAt } from "./grant-rules.ts";

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

test("an admin opens grants up to the limit, and any number where it is 0", () => {
  expect(() => assertMayOpen(4, 5)).not.toThrow();
  expect(() => assertMayOpen(1000, 0)).not.toThrow();
  for (const open of [5, 6]) {
    expect(() => assertMayOpen(open, 5)).toThrow(
      expect.objectContaining({ reason: "TOO_MANY_GRANTS", metadata: { limit: "5" } }),
    );
  }
});
