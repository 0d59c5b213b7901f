import { expect, test } from "@jest/globals";
import {
  acceptsMove,
  assertReschedulable,
  assertSameReason,
  awaitsPayment,
  type BookingFacts,
  CLOSED,
  type CloseOutcome,
  type Closing,
  type ClosingFacts,
  canBecome,
  closesNow,
  decideCancel,
  type FeeDecision,
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
  endTime: inHours(48.5),
  started: false,
  cancelledBy: null,
  moved: false,
  movePending: false,
};

/** Facts of a booking whose move the patient has not accepted. */
const MOVED = { moved: true, movePending: true };

test.each([
  ["a patient two days before", "PATIENT", {}, "RELEASE"],
  ["a patient at the cut-off", "PATIENT", { startTime: inHours(24) }, "RELEASE"],
  ["a patient after the cut-off", "PATIENT", { startTime: inHours(23.9) }, "CHARGE"],
  ["a doctor after the cut-off", "DOCTOR", { startTime: inHours(1) }, "RELEASE"],
  ["an admin after the cut-off", "ADMIN", { startTime: inHours(1) }, "RELEASE"],
  [
    "a patient two minutes before a start that they have not accepted",
    "PATIENT",
    { startTime: inHours(0.03), ...MOVED },
    "RELEASE",
  ],
  [
    "a patient after a start that they have not accepted",
    "PATIENT",
    { startTime: inHours(-1), ...MOVED },
    "RELEASE",
  ],
  [
    "a patient after the cut-off of a start that they accepted",
    "PATIENT",
    { startTime: inHours(1), moved: true },
    "CHARGE",
  ],
  [
    "a patient who never paid, after the cut-off",
    "PATIENT",
    { status: "PENDING_PAYMENT", holdExpireTime: inHours(0.1), startTime: inHours(1) },
    "RELEASE",
  ],
] as const)("%s cancels: the fee's fate is %s", (_, by, facts, feeDecision) => {
  expect(decideCancel({ ...confirmed, ...facts }, by, now, CUTOFF_MS)).toBe(feeDecision);
});

test("a repeated cancellation by the same party changes nothing, and by another it is illegal", () => {
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
  ["has started by the clock", "PATIENT", { startTime: now }],
  ["has started early", "PATIENT", { started: true }],
  ["has started without an accepted start", "PATIENT", { started: true, ...MOVED }],
  ["has reached a start that its patient has not accepted,", "DOCTOR", { startTime: now, ...MOVED }],
  ["has reached a start that its patient has not accepted,", "ADMIN", { startTime: now, ...MOVED }],
] as const)("a booking that %s cannot be cancelled by the %s", (_, by, facts) => {
  expect(() => decideCancel({ ...confirmed, ...facts }, by, now, CUTOFF_MS)).toThrow(
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

test("an unpaid booking is expired from the end of its hold, and cannot be cancelled", () => {
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
  [
    "a patient just before a start that they have not accepted",
    "PATIENT",
    { startTime: inHours(0.1), ...MOVED },
  ],
  ["a patient after a start that they have not accepted", "PATIENT", { startTime: inHours(-1), ...MOVED }],
] as const)("%s may move a booking", (_, by, facts) => {
  expect(() => assertReschedulable({ ...confirmed, ...facts }, by, now, CUTOFF_MS)).not.toThrow();
});

test.each([
  ["a patient after the cut-off", "PATIENT", { startTime: inHours(23.9) }, "RESCHEDULE_TOO_LATE"],
  ["a doctor at the start", "DOCTOR", { startTime: now }, "BOOKING_STARTED"],
  ["a doctor at a start that is not accepted", "DOCTOR", { startTime: now, ...MOVED }, "BOOKING_STARTED"],
  ["a patient after the consultation's start", "PATIENT", { started: true, ...MOVED }, "BOOKING_STARTED"],
  ["an admin after an early start", "ADMIN", { started: true }, "BOOKING_STARTED"],
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

test.each([
  ["a pending move", MOVED, true],
  ["a move that was accepted", { moved: true }, false],
  ["an accepted move of a booking that took place", { moved: true, status: "COMPLETED" }, false],
] as const)("accepting %s: %j changes the booking: %s", (_, facts, changes) => {
  const booking = { ...confirmed, ...facts };
  const { startTime, endTime } = booking;
  expect(acceptsMove(booking, { startTime, endTime }, now)).toBe(changes);
  // Earlier times of the booking, which a move replaced. Start, end or both differ from the current time.
  const others = [
    { startTime: inHours(47), endTime },
    { startTime, endTime: new Date(endTime.getTime() + 1) },
    { startTime: new Date(startTime.getTime() + 1), endTime: new Date(endTime.getTime() + 1) },
  ];
  for (const seen of others) {
    expect(() => acceptsMove(booking, seen, now)).toThrow(
      expect.objectContaining({
        reason: "TIME_DIFFERS",
        metadata: { startTime: startTime.toISOString(), endTime: endTime.toISOString() },
      }),
    );
  }
});

test.each([
  ["a booking that was never moved", {}, "ILLEGAL_TRANSITION"],
  ["a cancelled booking", { ...MOVED, status: "CANCELLED" }, "ILLEGAL_TRANSITION"],
  ["a missed booking", { ...MOVED, status: "NO_SHOW" }, "ILLEGAL_TRANSITION"],
  ["a past start", { ...MOVED, startTime: now }, "BOOKING_STARTED"],
] as const)("acceptance is refused for %s", (_, facts, reason) => {
  const booking = { ...confirmed, ...facts };
  for (const seen of [booking, { ...booking, startTime: inHours(47) }])
    expect(() => acceptsMove(booking, seen, now)).toThrow(expect.objectContaining({ reason }));
});

const over: ClosingFacts = {
  status: "CONFIRMED",
  holdExpireTime: null,
  movePending: false,
  endTime: now,
  closing: undefined,
};

const CLOSINGS: [CloseOutcome, FeeDecision, "closes it" | "MOVE_NOT_ACCEPTED"][] = [
  ["COMPLETED", "RELEASE", "closes it"],
  ["COMPLETED", "CHARGE", "MOVE_NOT_ACCEPTED"],
  ["NO_SHOW_PATIENT", "RELEASE", "MOVE_NOT_ACCEPTED"],
  ["NO_SHOW_PATIENT", "CHARGE", "MOVE_NOT_ACCEPTED"],
  ["NO_SHOW_DOCTOR", "RELEASE", "closes it"],
  ["NO_SHOW_DOCTOR", "CHARGE", "MOVE_NOT_ACCEPTED"],
  ["NO_SHOW_BOTH", "RELEASE", "closes it"],
  ["NO_SHOW_BOTH", "CHARGE", "MOVE_NOT_ACCEPTED"],
];

test.each(CLOSINGS)(
  "as %s, %s: an admin closes a booking at an accepted time; at another time: %s",
  (outcome, feeDecision, expected) => {
    const closing = { outcome, feeDecision, reason: "Nobody said", adminId: "admin" };
    expect(closesNow(over, closing, now)).toBe(true);
    const close = () => closesNow({ ...over, movePending: true }, closing, now);
    if (expected === "closes it") expect(close()).toBe(true);
    else expect(close).toThrow(expect.objectContaining({ reason: expected }));
  },
);

const CLOSING: Closing = {
  outcome: "COMPLETED",
  feeDecision: "CHARGE",
  reason: "Nobody said",
  adminId: "admin",
};
const closedSo: ClosingFacts = { ...over, status: "COMPLETED", closing: CLOSING };

test.each<[string, Partial<Closing>]>([
  ["another outcome", { outcome: "NO_SHOW_BOTH" }],
  ["another fee decision", { feeDecision: "RELEASE" }],
  ["another reason", { reason: "They both said so" }],
  ["another admin", { adminId: "other" }],
])("a closed booking cannot be closed again with %s, and the refusal names its decision", (_, asked) => {
  expect(closesNow(closedSo, CLOSING, now)).toBe(false);
  expect(() => closesNow(closedSo, { ...CLOSING, ...asked }, now)).toThrow(
    expect.objectContaining({
      reason: "BOOKING_CLOSED",
      metadata: { outcome: "COMPLETED", feeDecision: "CHARGE" },
    }),
  );
});

test.each([
  ["held", { status: "PENDING_PAYMENT", holdExpireTime: inHours(1) }, "PENDING_PAYMENT", "EXPIRED,CANCELLED"],
  ["held until now", { status: "PENDING_PAYMENT", holdExpireTime: now }, "EXPIRED", ""],
  ["cancelled", { status: "CANCELLED" }, "CANCELLED", ""],
  ["completed, by no admin", { status: "COMPLETED" }, "COMPLETED", ""],
] as const)("a booking that is %s cannot be closed", (_, facts, current, allowed) => {
  expect(() => closesNow({ ...over, ...facts }, { ...CLOSING, outcome: "NO_SHOW_BOTH" }, now)).toThrow(
    expect.objectContaining({
      reason: "ILLEGAL_TRANSITION",
      metadata: { current, requested: "NO_SHOW", allowed },
    }),
  );
});

test("a booking cannot be closed before its end", () => {
  expect(() => closesNow(over, CLOSING, new Date(now.getTime() - 1))).toThrow(
    expect.objectContaining({ reason: "TOO_EARLY", metadata: { possibleFrom: now.toISOString() } }),
  );
});

test("a payment decides about a booking that is held, expired or cancelled, and about no other", () => {
  expect(STATUSES.filter(awaitsPayment)).toEqual(["PENDING_PAYMENT", "EXPIRED", "CANCELLED"]);
});

test("a repeated cancellation needs the same reason", () => {
  expect(() => assertSameReason("ill", "ill")).not.toThrow();
  expect(() => assertSameReason("ill", "")).toThrow(
    expect.objectContaining({
      reason: "ILLEGAL_TRANSITION",
      metadata: { current: "CANCELLED", requested: "CANCELLED", allowed: "" },
    }),
  );
});

test.each(["EXPIRED", "COMPLETED"] as const)(
  "the refusal to cancel a booking that is %s says why",
  (status) => {
    const allowed = status === "EXPIRED" ? "CONFIRMED" : "";
    expect(() => decideCancel({ ...confirmed, status }, "ADMIN", now, CUTOFF_MS)).toThrow(
      expect.objectContaining({ metadata: { current: status, requested: "CANCELLED", allowed } }),
    );
  },
);

test("the refusal to accept a move that there was not says why", () => {
  expect(() => acceptsMove(confirmed, confirmed, now)).toThrow(
    expect.objectContaining({
      message: "There is no move to accept.",
      metadata: { current: "CONFIRMED", requested: "MOVE_ACCEPTED", allowed: "CANCELLED,COMPLETED,NO_SHOW" },
    }),
  );
});

test("a confirmed booking stays so after the end of its hold", () => {
  expect(statusAt({ status: "CONFIRMED", holdExpireTime: inHours(-1) }, now)).toBe("CONFIRMED");
});

test("an admin's outcome makes a booking COMPLETED or NO_SHOW", () => {
  expect(CLOSED).toEqual({
    COMPLETED: "COMPLETED",
    NO_SHOW_PATIENT: "NO_SHOW",
    NO_SHOW_DOCTOR: "NO_SHOW",
    NO_SHOW_BOTH: "NO_SHOW",
  });
});
