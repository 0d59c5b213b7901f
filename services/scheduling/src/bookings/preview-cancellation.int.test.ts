import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

const HOUR = 60;
const admin = userCaller("ADMIN");

const callerOf = (role: "PATIENT" | "DOCTOR" | "ADMIN") =>
  role === "ADMIN" ? admin : role === "DOCTOR" ? fixture.doctor : fixture.patient;

/** For the patient, books a slot that starts in `startMinutes` minutes. */
async function booked(startMinutes: number, feeMinor: number, isPaid: boolean) {
  await fixture.createDoctor(feeMinor);
  const { response } = await fixture.book((await fixture.createSlot(startMinutes)).id);
  if (isPaid) await fixture.paymentAuthorized(response.id);
  return response;
}

test.each([
  ["a patient before the cut-off", "PATIENT", 48 * HOUR, true, "RELEASE"],
  ["a patient at the cut-off", "PATIENT", 24 * HOUR, true, "RELEASE"],
  ["a patient after the cut-off", "PATIENT", 24 * HOUR - 1, true, "CHARGE"],
  ["a patient who has not paid", "PATIENT", HOUR, false, "RELEASE"],
  ["a doctor after the cut-off", "DOCTOR", HOUR, true, "RELEASE"],
  ["an admin after the cut-off", "ADMIN", HOUR, true, "RELEASE"],
] as const)("%s is told the fate of the fee that the cancellation then decides", async (...row) => {
  const [, role, startMinutes, isPaid, feeDecision] = row;
  const booking = await booked(startMinutes, 5000, isPaid);
  expect(booking.feeDecision).toBeUndefined();
  const by = callerOf(role);
  const preview = await fixture.preview(booking.id, by);
  expect(preview).toEqual({
    feeDecision,
    amount: booking.fee,
    cutoffTime: fixture.at(startMinutes - 24 * HOUR),
  });
  expect((await fixture.cancel(booking.id, by)).response.feeDecision).toBe(feeDecision);
  expect((await fixture.preview(booking.id, by)).feeDecision).toBe(feeDecision);
});

test("a free booking has no charge and no fee decision", async () => {
  const booking = await booked(HOUR, 0, false);
  const nothing = { feeDecision: undefined, amount: undefined, cutoffTime: undefined };
  expect(await fixture.preview(booking.id, fixture.patient)).toEqual(nothing);
  expect((await fixture.cancel(booking.id, fixture.patient)).response.feeDecision).toBeUndefined();
  expect(await fixture.preview(booking.id, fixture.patient)).toEqual(nothing);
});

test("no cut-off applies while a move waits for the patient", async () => {
  const booking = await booked(10 * 24 * HOUR, 5000, true);
  const target = await fixture.createSlot(HOUR);
  const { response: moved } = await fixture.reschedule(booking.id, target.id, fixture.doctor);
  const free = { feeDecision: "RELEASE", amount: booking.fee, cutoffTime: undefined };
  expect(await fixture.preview(booking.id, fixture.patient)).toEqual(free);
  await fixture.accept(moved);
  const late = { feeDecision: "CHARGE", amount: booking.fee, cutoffTime: fixture.at(-23 * HOUR) };
  expect(await fixture.preview(booking.id, fixture.patient)).toEqual(late);
});

test("a preview gives the same errors as the cancellation", async () => {
  const booking = await booked(HOUR, 5000, true);
  const cases = [
    ["another patient's", () => userCaller("PATIENT"), "NOT_FOUND"],
    ["a started", () => fixture.patient, "BOOKING_STARTED"],
  ] as const;
  for (const [name, by, reason] of cases) {
    if (name === "a started") await fixture.consultationEvent("consultation.started", booking);
    const answers = await Promise.allSettled([
      fixture.preview(booking.id, by()),
      fixture.cancel(booking.id, by()),
    ]);
    expect([name, ...answers.map(outcome)]).toEqual([name, reason, reason]);
  }
  await fixture.consultationEvent("consultation.completed", booking);
  const answers = await Promise.allSettled([
    fixture.preview(booking.id, fixture.patient),
    fixture.cancel(booking.id, fixture.patient),
  ]);
  expect(answers.map(outcome)).toEqual(["ILLEGAL_TRANSITION", "ILLEGAL_TRANSITION"]);
});

test.each([
  ["consultation.completed", undefined, "CHARGE"],
  ["consultation.no_show", "PATIENT", "CHARGE"],
  ["consultation.no_show", "DOCTOR", "RELEASE"],
  ["consultation.abandoned", undefined, "RELEASE"],
] as const)("after %s (%s) the booking's fee decision is %s", async (type, party, feeDecision) => {
  const booking = await booked(HOUR, 5000, true);
  await fixture.consultationEvent(type, booking, party);
  expect((await fixture.read(booking.id)).feeDecision).toBe(feeDecision);
});

test("the audit log records previews by doctors and admins", async () => {
  const booking = await booked(HOUR, 5000, true);
  for (const by of [fixture.patient, fixture.doctor, admin]) await fixture.preview(booking.id, by);
  const rows = await fixture.app.db.read<{ actorId: string }>(
    "SELECT actor_id AS actorId FROM audit_events WHERE action = 'booking.preview_cancellation' AND resource = ?",
    [`bookings/${booking.id}`],
  );
  expect(rows.map((row) => row.actorId).sort()).toEqual([fixture.doctor.userId, admin.userId].sort());
});
