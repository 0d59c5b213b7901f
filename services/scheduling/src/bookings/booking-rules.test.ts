import { expect, test } from "@jest/globals";
import {
  assertReschedulable,
  type BookingFacts,
  canBecome,
  decideCancel,
  statusAt,
} from "./booking-rules.ts";

const HOUR_MS = 3_600_000;
const CUTOFF_MS = 24 * HOUR_MS;
const now = new Date("2030-01-01T09:00:00Z");
const inHours = (hours: number) => new Date(now.getTime() + hours * HOUR_MS);

const confirmed: BookingFacts = {
  status: "CONFIRMED",
  holdExpireTime: null,
  startTime: inHours(48),
  begun: false,
  cancelledBy: null,
};

test.each([
  ["a patient two days before", "PATIENT", {}, "RETURN"],
  ["a patient at the cut-off", "PATIENT", { startTime: inHours(24) }, "RETURN"],
  ["a patient after the cut-off", "PATIENT", { startTime: inHours(23.9) }, "CAPTURE"],
  ["a doctor after the cut-off", "DOCTOR", { startTime: inHours(1) }, "RETURN"],
  ["an admin after the cut-off", "ADMIN", { startTime: inHours(1) }, "RETURN"],
  [
    "a patient who never paid, after the cut-off",
    "PATIENT",
    { status: "PENDING_PAYMENT", holdExpireTime: inHours(0.1), startTime: inHours(1) },
    "RETURN",
  ],
] as const)("%s cancels: the fee's fate is %s", (_, by, facts, settlement) => {
  expect(decideCancel({ ...confirmed, ...facts }, by, now, CUTOFF_MS)).toBe(settlement);
});

test("a repeated cancel by the same party changes nothing; by another it is illegal", () => {
  const cancelled: BookingFacts = { ...confirmed, status: "CANCELLED", cancelledBy: "PATIENT" };
  expect(decideCancel(cancelled, "PATIENT", now, CUTOFF_MS)).toBeUndefined();
  expect(() => decideCancel(cancelled, "DOCTOR", now, CUTOFF_MS)).toThrow(
    expect.objectContaining({
      reason: "ILLEGAL_TRANSITION",
      metadata: { current: "CANCELLED", requested: "CANCELLED", allowed: "" },
    }),
  );
});

test.each([
  ["has started by the clock", { startTime: now }],
  ["has begun early", { begun: true }],
])("a booking that %s cannot be cancelled", (_, facts) => {
  expect(() => decideCancel({ ...confirmed, ...facts }, "PATIENT", now, CUTOFF_MS)).toThrow(
    expect.objectContaining({ reason: "BOOKING_STARTED" }),
  );
});

test.each(["EXPIRED", "COMPLETED", "NO_SHOW"] as const)(
  "a booking that is %s cannot be cancelled",
  (status) => {
    expect(() => decideCancel({ ...confirmed, status }, "ADMIN", now, CUTOFF_MS)).toThrow(
      expect.objectContaining({ reason: "ILLEGAL_TRANSITION" }),
    );
  },
);

test("an unpaid booking reads as expired from the instant its hold ends, and cannot be cancelled then", () => {
  const held: BookingFacts = { ...confirmed, status: "PENDING_PAYMENT", holdExpireTime: now };
  expect(statusAt(held, new Date(now.getTime() - 1))).toBe("PENDING_PAYMENT");
  expect(statusAt(held, now)).toBe("EXPIRED");
  expect(() => decideCancel(held, "PATIENT", now, CUTOFF_MS)).toThrow(
    expect.objectContaining({ reason: "ILLEGAL_TRANSITION" }),
  );
});

const STATUSES = ["PENDING_PAYMENT", "CONFIRMED", "EXPIRED", "CANCELLED", "COMPLETED", "NO_SHOW"] as const;

test.each([
  ["PENDING_PAYMENT", ["CONFIRMED", "EXPIRED", "CANCELLED"]],
  ["CONFIRMED", ["CANCELLED", "COMPLETED", "NO_SHOW"]],
  ["EXPIRED", ["CONFIRMED"]],
  ["CANCELLED", []],
  ["COMPLETED", []],
  ["NO_SHOW", []],
] as const)("from %s a booking comes to %j, and nowhere else", (current, reachable) => {
  expect(STATUSES.filter((next) => canBecome(current, next)).sort()).toEqual([...reachable].sort());
});

test.each([
  ["a patient two days before", "PATIENT", {}],
  ["a patient at the cut-off", "PATIENT", { startTime: inHours(24) }],
  ["a doctor just before the start", "DOCTOR", { startTime: inHours(0.1) }],
  ["an admin just before the start", "ADMIN", { startTime: inHours(0.1) }],
] as const)("%s may move a booking", (_, by, facts) => {
  expect(() => assertReschedulable({ ...confirmed, ...facts }, by, now, CUTOFF_MS)).not.toThrow();
});

test.each([
  ["a patient after the cut-off", "PATIENT", { startTime: inHours(23.9) }, "RESCHEDULE_TOO_LATE"],
  ["a doctor at the start", "DOCTOR", { startTime: now }, "BOOKING_STARTED"],
  ["an admin once it has begun early", "ADMIN", { begun: true }, "BOOKING_STARTED"],
] as const)("%s does not move a booking: %s", (_, by, facts, reason) => {
  expect(() => assertReschedulable({ ...confirmed, ...facts }, by, now, CUTOFF_MS)).toThrow(
    expect.objectContaining({ reason }),
  );
});

test.each([
  ["PENDING_PAYMENT", "EXPIRED,CANCELLED"],
  ["EXPIRED", ""],
  ["CANCELLED", ""],
  ["COMPLETED", ""],
  ["NO_SHOW", ""],
] as const)("a booking that is %s is not moved, and told so without contradiction", (status, allowed) => {
  expect(() => assertReschedulable({ ...confirmed, status }, "PATIENT", now, CUTOFF_MS)).toThrow(
    expect.objectContaining({
      reason: "ILLEGAL_TRANSITION",
      metadata: { current: status, requested: "CONFIRMED", allowed },
    }),
  );
});
