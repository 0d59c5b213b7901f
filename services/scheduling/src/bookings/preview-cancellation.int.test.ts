import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";

let desk: SchedulingFixture;

beforeAll(async () => {
  desk = await SchedulingFixture.open();
});
afterAll(() => desk.close());
beforeEach(() => desk.admit());

const HOUR = 60;
const admin = userCaller("ADMIN");

const callerOf = (role: "PATIENT" | "DOCTOR" | "ADMIN") =>
  role === "ADMIN" ? admin : role === "DOCTOR" ? desk.doctor : desk.patient;

/** A booking of the patient that starts in so many minutes. */
async function booked(startMinutes: number, feeMinor: number, isPaid: boolean) {
  await desk.publish(feeMinor);
  const { response } = await desk.book((await desk.offer(startMinutes)).id);
  if (isPaid) await desk.authorized(response.id);
  return response;
}

test.each([
  ["a patient in good time", "PATIENT", 48 * HOUR, true, "RELEASE"],
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
  const preview = await desk.preview(booking.id, by);
  expect(preview).toEqual({
    feeDecision,
    amount: booking.fee,
    cutoffTime: desk.at(startMinutes - 24 * HOUR),
  });
  expect((await desk.cancel(booking.id, by)).response.feeDecision).toBe(feeDecision);
  expect((await desk.preview(booking.id, by)).feeDecision).toBe(feeDecision);
});

test("a free booking has no charge and no fee decision", async () => {
  const booking = await booked(HOUR, 0, false);
  const nothing = { feeDecision: undefined, amount: undefined, cutoffTime: undefined };
  expect(await desk.preview(booking.id, desk.patient)).toEqual(nothing);
  expect((await desk.cancel(booking.id, desk.patient)).response.feeDecision).toBeUndefined();
  expect(await desk.preview(booking.id, desk.patient)).toEqual(nothing);
});

test("no cut-off applies while a move waits for the patient", async () => {
  const booking = await booked(10 * 24 * HOUR, 5000, true);
  const target = await desk.offer(HOUR);
  const { response: moved } = await desk.reschedule(booking.id, target.id, desk.doctor);
  const free = { feeDecision: "RELEASE", amount: booking.fee, cutoffTime: undefined };
  expect(await desk.preview(booking.id, desk.patient)).toEqual(free);
  await desk.accept(moved);
  const late = { feeDecision: "CHARGE", amount: booking.fee, cutoffTime: desk.at(-23 * HOUR) };
  expect(await desk.preview(booking.id, desk.patient)).toEqual(late);
});

test("a preview gives the same errors as the cancellation", async () => {
  const booking = await booked(HOUR, 5000, true);
  const cases = [
    ["somebody else's", () => userCaller("PATIENT"), "NOT_FOUND"],
    ["a started", () => desk.patient, "BOOKING_STARTED"],
  ] as const;
  for (const [name, by, reason] of cases) {
    if (name === "a started") await desk.tell("consultation.started", booking);
    const answers = await Promise.allSettled([desk.preview(booking.id, by()), desk.cancel(booking.id, by())]);
    expect([name, ...answers.map(outcome)]).toEqual([name, reason, reason]);
  }
  await desk.tell("consultation.completed", booking);
  const answers = await Promise.allSettled([
    desk.preview(booking.id, desk.patient),
    desk.cancel(booking.id, desk.patient),
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
  await desk.tell(type, booking, party);
  expect((await desk.read(booking.id)).feeDecision).toBe(feeDecision);
});

test("the audit trail records previews by doctors and admins", async () => {
  const booking = await booked(HOUR, 5000, true);
  for (const by of [desk.patient, desk.doctor, admin]) await desk.preview(booking.id, by);
  const rows = await desk.app.db.read<{ actorId: string }>(
    "SELECT actor_id AS actorId FROM audit_events WHERE action = 'booking.preview_cancellation' AND resource = ?",
    [`bookings/${booking.id}`],
  );
  expect(rows.map((row) => row.actorId).sort()).toEqual([desk.doctor.userId, admin.userId].sort());
});
