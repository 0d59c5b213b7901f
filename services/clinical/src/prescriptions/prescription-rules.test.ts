import { expect, test } from "@jest/globals";
import { endsNow, statusAt } from "./prescription-rules.ts";

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

const active = { status: "ACTIVE", expireTime, endedBy: null, endReason: "" } as const;
const stopped = { status: "STOPPED", expireTime, endedBy: "dora", endReason: "a rash" } as const;
const cancelled = { status: "CANCELLED", expireTime, endedBy: "dora", endReason: "a rash" } as const;

test.each([
  ["active", active, "STOPPED", "dora", before, true],
  ["active", active, "CANCELLED", "dora", before, true],
  ["stopped by the same", stopped, "STOPPED", "dora", before, false],
  ["cancelled by the same", cancelled, "CANCELLED", "dora", expireTime, false],
] as const)(
  "a prescription that is %s can be ended, or the call repeats its end",
  (_, prescription, to, actor, now, ends) => {
    expect(endsNow(prescription, { to, actorId: actor, reason: "a rash" }, now)).toBe(ends);
  },
);

test.each([
  ["expired", active, "STOPPED", "dora", expireTime, "EXPIRED"],
  ["stopped by another", stopped, "STOPPED", "adam", before, "STOPPED"],
  ["stopped for another reason", { ...stopped, endReason: "a fever" }, "STOPPED", "dora", before, "STOPPED"],
  ["stopped", stopped, "CANCELLED", "dora", before, "STOPPED"],
  ["cancelled", cancelled, "STOPPED", "dora", before, "CANCELLED"],
] as const)("a prescription that is %s cannot be ended", (_, prescription, to, actor, now, current) => {
  expect(() => endsNow(prescription, { to, actorId: actor, reason: "a rash" }, now)).toThrow(
    expect.objectContaining({
      reason: "ILLEGAL_TRANSITION",
      metadata: { current, requested: to, allowed: "" },
    }),
  );
});
