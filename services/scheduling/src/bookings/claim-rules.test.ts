import { expect, test } from "@jest/globals";
import {
  type Claim,
  claimRefusal,
  cooldownEndAfter,
  endOfHold,
  movedTo,
  NO_LIMITS,
  newBooking,
} from "./claim-rules.ts";

const NOW = new Date("2030-01-01T09:00:00Z");
const inMinutes = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);
const HOLD_MS = 15 * 60_000;

const SLOT = {
  id: "s",
  doctorId: "d",
  doctorName: "Dora",
  startTime: inMinutes(60),
  endTime: inMinutes(90),
  status: "OPEN",
  feeCurrency: "USD",
  feeMinor: 5000,
  bookingId: null,
  holdExpireTime: null,
  onRelease: "OPEN",
  hidden: false,
  licensedUntil: inMinutes(24 * 60),
  minimumNotice: 0,
  isLimited: false,
} as const;

const CLAIM: Claim = {
  slot: SLOT,
  patient: { disabled: false },
  patientRegion: "",
  live: { overlapping: 0, holds: 0, bookings: 0, withDoctor: 0 },
  cooldownEnd: null,
};
const OVERLAPPING = { overlapping: 1, holds: 0, bookings: 1, withDoctor: 0 };

test.each<[string, Partial<Claim>, string | undefined]>([
  ["an open slot", {}, undefined],
  ["a slot of a hidden doctor", { slot: { ...SLOT, hidden: true } }, "NOT_FOUND"],
  [
    "a region without a licence",
    { slot: { ...SLOT, licensedInRegion: false }, patientRegion: "DE" },
    "NOT_LICENSED_IN_REGION",
  ],
  ["an unknown region", { slot: { ...SLOT, licensedInRegion: false } }, "REGION_REQUIRED"],
  ["an unknown region that does not matter", { patientRegion: "" }, undefined],
  ["a booked slot, before the cooldown", { slot: { ...SLOT, status: "BOOKED" } }, "SLOT_UNAVAILABLE"],
  ["a cooldown, before an overlap", { cooldownEnd: inMinutes(1), live: OVERLAPPING }, "HOLD_COOLDOWN"],
  [
    "an overlap, before a disabled account",
    { live: OVERLAPPING, patient: { disabled: true } },
    "PATIENT_OVERLAP",
  ],
  ["a disabled account", { patient: { disabled: true } }, "SLOT_UNAVAILABLE"],
])("the refusal of %s is %s", (_, facts, reason) => {
  const refusal = claimRefusal({ ...CLAIM, ...facts }, NO_LIMITS, { isHold: true }, NOW);
  expect(refusal?.reason).toBe(reason);
});

const OUTSIDE = {
  ids: { id: "b", consultationId: "c", paymentId: "p" },
  patient: { userId: "u", fullName: "Pat" },
  patientRegion: "",
  holdMs: HOLD_MS,
};

test("a paid slot is held, and a free one is confirmed without a payment", () => {
  const paid = newBooking(SLOT, OUTSIDE, NOW);
  expect(paid).toMatchObject({ status: "PENDING_PAYMENT", paymentId: "p", holdExpireTime: inMinutes(15) });
  const free = newBooking({ ...SLOT, feeMinor: 0, feeCurrency: null }, OUTSIDE, NOW);
  expect(free).toMatchObject({ status: "CONFIRMED", paymentId: null, holdExpireTime: null });
});

test("a hold ends at the start of its slot at the latest", () => {
  expect(endOfHold({ startTime: inMinutes(60) }, NOW, HOLD_MS)).toEqual(inMinutes(15));
  expect(endOfHold({ startTime: inMinutes(10) }, NOW, HOLD_MS)).toEqual(inMinutes(10));
});

test("only the patient's own ended hold starts a cooldown", () => {
  const held = newBooking(SLOT, OUTSIDE, NOW);
  expect(cooldownEndAfter(held, "u")).toEqual(inMinutes(45));
  expect(cooldownEndAfter(held, "other")).toBeUndefined();
  expect(cooldownEndAfter(undefined, "u")).toBeUndefined();
});

test("a chain of moves keeps the start that the patient accepted last", () => {
  const next = { ...SLOT, id: "next", startTime: inMinutes(120), endTime: inMinutes(150) };
  const booking = newBooking(SLOT, OUTSIDE, NOW);
  const once = movedTo(next, booking, "DOCTOR", NOW);
  expect(once).toMatchObject({ slotId: "next", sequence: 1, version: 2, movePending: true });
  const twice = movedTo({ ...next, startTime: inMinutes(180) }, once, "DOCTOR", NOW);
  expect(twice.previousStartTime).toEqual(SLOT.startTime);
  expect(movedTo(next, booking, "PATIENT", NOW).movePending).toBe(false);
});
