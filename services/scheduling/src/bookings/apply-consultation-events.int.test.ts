import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import type { ConsultationState_Party } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { type Course, SchedulingFixture } from "../testing/scheduling-fixture.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

const closed = (feeDecision: string | null) => ({ cancelledBy: undefined, feeDecision });
const BROKEN_OFF = { cancelledBy: "DOCTOR", feeDecision: "RELEASE" };

test.each<[Course, object, string]>([
  ["consultation.started", { status: "CONFIRMED", ...closed(null) }, "BOOKING_STARTED"],
  ["consultation.completed", { status: "COMPLETED", ...closed("CHARGE") }, "ILLEGAL_TRANSITION"],
  ["consultation.no_show", { status: "NO_SHOW", ...closed("RELEASE") }, "ILLEGAL_TRANSITION"],
  ["consultation.abandoned", { status: "CANCELLED", ...BROKEN_OFF }, "ILLEGAL_TRANSITION"],
])("%s sets the booking's status, and cancelling is refused", async (type, expected, reason) => {
  await fixture.createDoctor(0);
  const slot = await fixture.createSlot(60);
  const { response: booking } = await fixture.book(slot.id);
  await fixture.consultationEvent(type, booking);
  const { status, cancelledBy } = await fixture.read(booking.id);
  const [row] = await fixture.app.db.read<object>(
    "SELECT fee_decision AS feeDecision FROM bookings WHERE id = ?",
    [binaryId(booking.id)],
  );
  expect({ status, cancelledBy, ...row }).toEqual(expected);
  await expect(fixture.cancel(booking.id, fixture.patient)).rejects.toMatchObject({ reason });
  // The slot stays booked. Scheduling tells billing only of a no-show; clinical tells billing of every other
  // end.
  expect(await fixture.slotStatus(slot.id)).toBe("BOOKED");
  const told = type === "consultation.no_show" ? ["booking.fee_decided"] : [];
  expect(await fixture.outboxTypes(booking.id)).toEqual(told);
});

test.each([
  ["a late doctor releases the fee", "DOCTOR", "RELEASE"],
  ["a late patient is charged", "PATIENT", "CHARGE"],
] as const)("%s", async (_, lateParty, feeDecision) => {
  await fixture.createDoctor(5000);
  const { response: booking } = await fixture.book((await fixture.createSlot(60)).id);
  await fixture.paymentAuthorized(booking.id);
  await fixture.consultationEvent("consultation.completed", booking, undefined, lateParty);
  expect(await fixture.read(booking.id)).toMatchObject({ status: "COMPLETED", feeDecision });
});

test("a late cancellation that crosses the end by a late doctor releases the fee", async () => {
  await fixture.createDoctor(5000);
  const { response: booking } = await fixture.book((await fixture.createSlot(60)).id);
  await fixture.paymentAuthorized(booking.id);
  await fixture.cancel(booking.id, fixture.patient);
  expect(await fixture.read(booking.id)).toMatchObject({ status: "CANCELLED", feeDecision: "CHARGE" });
  await fixture.consultationEvent("consultation.completed", booking, undefined, "DOCTOR");
  expect(await fixture.read(booking.id)).toMatchObject({ status: "CANCELLED", feeDecision: "RELEASE" });
});

describe("a booking that is moved to next week while its consultation starts", () => {
  const NEXT_WEEK = 7 * 24 * 60;

  /** Books a slot that starts in ten minutes. Then the doctor moves the booking to the next week. */
  async function moveAway() {
    await fixture.createDoctor(0);
    const [now, later] = [await fixture.createSlot(10), await fixture.createSlot(NEXT_WEEK)];
    const { response: booking } = await fixture.book(now.id);
    await fixture.reschedule(booking.id, later.id, fixture.doctor);
    return { booking, now, later };
  }

  test.each<[Course, string]>([
    ["consultation.completed", "COMPLETED"],
    ["consultation.abandoned", "CANCELLED"],
  ])("%s: it goes back to the time that it was at, and gives the new slot back", async (type, status) => {
    const { booking, now, later } = await moveAway();
    await fixture.consultationEvent("consultation.started", booking);
    expect(await fixture.slotStatus(later.id)).toBe("BOOKED");
    await expect(fixture.reschedule(booking.id, now.id, fixture.doctor)).rejects.toMatchObject({
      reason: "BOOKING_STARTED",
    });
    await fixture.consultationEvent(type, booking);
    const { startTime, endTime } = booking;
    expect(await fixture.read(booking.id)).toMatchObject({ status, startTime, endTime, sequence: 2 });
    expect(await fixture.slotStatus(later.id)).toBe("OPEN");
    expect((await fixture.book(later.id, userCaller("PATIENT"))).response.status).toBe("CONFIRMED");
  });

  test("ends at its old time even if the end arrives first, and another booking keeps the old slot", async () => {
    const { booking, now, later } = await moveAway();
    const { response: other } = await fixture.book(now.id, userCaller("PATIENT"));
    await fixture.consultationEvent("consultation.completed", booking);
    await fixture.consultationEvent("consultation.started", booking);
    expect(await fixture.read(booking.id)).toMatchObject({
      status: "COMPLETED",
      startTime: booking.startTime,
    });
    expect([await fixture.slotStatus(now.id), await fixture.slotStatus(later.id)]).toEqual([
      "BOOKED",
      "OPEN",
    ]);
    expect((await fixture.read(other.id, fixture.doctor)).status).toBe("CONFIRMED");
  });

  test.each<ConsultationState_Party>(["PATIENT", "DOCTOR"])(
    "does not end because the %s was missing at the old time",
    async (party) => {
      const { booking, later } = await moveAway();
      const moved = await fixture.read(booking.id);
      await fixture.consultationEvent("consultation.no_show", booking, party);
      expect(await fixture.read(booking.id)).toEqual(moved);
      expect(await fixture.slotStatus(later.id)).toBe("BOOKED");
      expect(await fixture.outboxTypes(booking.id)).not.toContain("booking.fee_decided");
      await fixture.accept(moved);
      await fixture.consultationEvent("consultation.no_show", moved, party);
      expect(await fixture.read(booking.id)).toMatchObject({
        status: "NO_SHOW",
        startTime: later.startTime,
        sequence: 1,
      });
      expect(await fixture.outboxTypes(booking.id)).toContain("booking.fee_decided");
    },
  );

  test("cannot be moved after the event of its start", async () => {
    await fixture.createDoctor(0);
    const [now, later] = [await fixture.createSlot(10), await fixture.createSlot(NEXT_WEEK)];
    const { response: booking } = await fixture.book(now.id);
    await fixture.consultationEvent("consultation.started", booking);
    await expect(fixture.reschedule(booking.id, later.id, fixture.doctor)).rejects.toMatchObject({
      reason: "BOOKING_STARTED",
    });
    await fixture.consultationEvent("consultation.completed", booking);
    expect([await fixture.slotStatus(now.id), await fixture.slotStatus(later.id)]).toEqual([
      "BOOKED",
      "OPEN",
    ]);
    expect(await fixture.read(booking.id)).toMatchObject({ status: "COMPLETED", sequence: 0 });
  });

  test("keeps the new slot booked if it takes place at the new time", async () => {
    const { booking, later } = await moveAway();
    await fixture.consultationEvent("consultation.completed", {
      ...booking,
      startTime: later.startTime,
      endTime: later.endTime,
    });
    expect(await fixture.read(booking.id)).toMatchObject({ startTime: later.startTime, sequence: 1 });
    expect(await fixture.slotStatus(later.id)).toBe("BOOKED");
  });
});

test("a cancellation before the consultation's events stands", async () => {
  await fixture.createDoctor(0);
  const { response: booking } = await fixture.book((await fixture.createSlot(60)).id);
  const { response: cancelled } = await fixture.cancel(booking.id, fixture.patient);
  await fixture.consultationEvent("consultation.abandoned", booking);
  expect(await fixture.read(booking.id)).toEqual(cancelled);
});

test.each<[string, Course, ConsultationState_Party]>([
  ["abandoned the consultation", "consultation.abandoned", "PARTY_UNSPECIFIED"],
  ["did not come", "consultation.no_show", "DOCTOR"],
])("a late cancellation releases the fee if the doctor %s meanwhile", async (_, type, party) => {
  await fixture.createDoctor(5000);
  const { response: booking } = await fixture.book((await fixture.createSlot(60)).id);
  await fixture.paymentAuthorized(booking.id);
  await fixture.cancel(booking.id, fixture.patient);
  const feeDecision = async () =>
    await fixture.app.db.read("SELECT fee_decision AS feeDecision, version FROM bookings WHERE id = ?", [
      binaryId(booking.id),
    ]);
  expect(await feeDecision()).toEqual([{ feeDecision: "CHARGE", version: 3 }]);
  await fixture.consultationEvent("consultation.completed", booking);
  await fixture.consultationEvent("consultation.no_show", booking, "PATIENT");
  expect(await feeDecision()).toEqual([{ feeDecision: "CHARGE", version: 3 }]);
  await fixture.consultationEvent(type, booking, party);
  await fixture.consultationEvent(type, booking, party);
  expect(await feeDecision()).toEqual([{ feeDecision: "RELEASE", version: 4 }]);
  expect(await fixture.read(booking.id)).toMatchObject({ status: "CANCELLED", cancelledBy: "PATIENT" });
});
