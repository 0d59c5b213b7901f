import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import type { ConsultationState_Party } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { type Course, SchedulingFixture } from "../testing/scheduling-fixture.ts";

let desk: SchedulingFixture;

beforeAll(async () => {
  desk = await SchedulingFixture.open();
});
afterAll(() => desk.close());
beforeEach(() => desk.admit());

const closed = (feeDecision: string | null) => ({ cancelledBy: undefined, feeDecision });
const BROKEN_OFF = { cancelledBy: "DOCTOR", feeDecision: "RELEASE" };

test.each<[Course, object, string]>([
  ["consultation.started", { status: "CONFIRMED", ...closed(null) }, "BOOKING_STARTED"],
  ["consultation.completed", { status: "COMPLETED", ...closed("CHARGE") }, "ILLEGAL_TRANSITION"],
  ["consultation.no_show", { status: "NO_SHOW", ...closed("RELEASE") }, "ILLEGAL_TRANSITION"],
  ["consultation.abandoned", { status: "CANCELLED", ...BROKEN_OFF }, "ILLEGAL_TRANSITION"],
])("%s sets the booking's status, and cancelling is refused", async (type, expected, reason) => {
  await desk.publish(0);
  const slot = await desk.offer(60);
  const { response: booking } = await desk.book(slot.id);
  await desk.tell(type, booking);
  const { status, cancelledBy } = await desk.read(booking.id);
  const [row] = await desk.app.db.read<object>(
    "SELECT fee_decision AS feeDecision FROM bookings WHERE id = ?",
    [binaryId(booking.id)],
  );
  expect({ status, cancelledBy, ...row }).toEqual(expected);
  await expect(desk.cancel(booking.id, desk.patient)).rejects.toMatchObject({ reason });
  // The slot is used up. Billing gets the end from clinical, unless it is a no-show.
  expect(await desk.slotStatus(slot.id)).toBe("BOOKED");
  const told = type === "consultation.no_show" ? ["booking.fee_decided"] : [];
  expect(await desk.outboxTypes(booking.id)).toEqual(told);
});

test.each([
  ["the fee of a late doctor's consultation is released", "DOCTOR", "RELEASE"],
  ["a late patient pays the fee", "PATIENT", "CHARGE"],
] as const)("%s", async (_, lateParty, feeDecision) => {
  await desk.publish(5000);
  const { response: booking } = await desk.book((await desk.offer(60)).id);
  await desk.authorized(booking.id);
  await desk.tell("consultation.completed", booking, undefined, lateParty);
  expect(await desk.read(booking.id)).toMatchObject({ status: "COMPLETED", feeDecision });
});

test("a late cancellation that crosses a late doctor's end is released", async () => {
  await desk.publish(5000);
  const { response: booking } = await desk.book((await desk.offer(60)).id);
  await desk.authorized(booking.id);
  await desk.cancel(booking.id, desk.patient);
  expect(await desk.read(booking.id)).toMatchObject({ status: "CANCELLED", feeDecision: "CHARGE" });
  await desk.tell("consultation.completed", booking, undefined, "DOCTOR");
  expect(await desk.read(booking.id)).toMatchObject({ status: "CANCELLED", feeDecision: "RELEASE" });
});

describe("a booking that is moved to next week while its consultation begins", () => {
  const NEXT_WEEK = 7 * 24 * 60;

  /** Moved by its doctor, just before its start. */
  async function moveAway() {
    await desk.publish(0);
    const [now, later] = [await desk.offer(10), await desk.offer(NEXT_WEEK)];
    const { response: booking } = await desk.book(now.id);
    await desk.reschedule(booking.id, later.id, desk.doctor);
    return { booking, now, later };
  }

  test.each<[Course, string]>([
    ["consultation.completed", "COMPLETED"],
    ["consultation.abandoned", "CANCELLED"],
  ])("%s: it goes back to the time that it was at, and gives the new slot back", async (type, status) => {
    const { booking, now, later } = await moveAway();
    await desk.tell("consultation.started", booking);
    expect(await desk.slotStatus(later.id)).toBe("BOOKED");
    await expect(desk.reschedule(booking.id, now.id, desk.doctor)).rejects.toMatchObject({
      reason: "BOOKING_STARTED",
    });
    await desk.tell(type, booking);
    const { startTime, endTime } = booking;
    expect(await desk.read(booking.id)).toMatchObject({ status, startTime, endTime, sequence: 2 });
    expect(await desk.slotStatus(later.id)).toBe("OPEN");
    expect((await desk.book(later.id, userCaller("PATIENT"))).response.status).toBe("CONFIRMED");
  });

  test("where its end is heard of first, too; and who booked its old time keeps it", async () => {
    const { booking, now, later } = await moveAway();
    const { response: other } = await desk.book(now.id, userCaller("PATIENT"));
    await desk.tell("consultation.completed", booking);
    await desk.tell("consultation.started", booking);
    expect(await desk.read(booking.id)).toMatchObject({ status: "COMPLETED", startTime: booking.startTime });
    expect([await desk.slotStatus(now.id), await desk.slotStatus(later.id)]).toEqual(["BOOKED", "OPEN"]);
    expect((await desk.read(other.id, desk.doctor)).status).toBe("CONFIRMED");
  });

  test.each<ConsultationState_Party>(["PATIENT", "DOCTOR"])(
    "is not closed because the %s was not there at its old time",
    async (party) => {
      const { booking, later } = await moveAway();
      const moved = await desk.read(booking.id);
      await desk.tell("consultation.no_show", booking, party);
      expect(await desk.read(booking.id)).toEqual(moved);
      expect(await desk.slotStatus(later.id)).toBe("BOOKED");
      expect(await desk.outboxTypes(booking.id)).not.toContain("booking.fee_decided");
      await desk.accept(moved);
      await desk.tell("consultation.no_show", moved, party);
      expect(await desk.read(booking.id)).toMatchObject({
        status: "NO_SHOW",
        startTime: later.startTime,
        sequence: 1,
      });
      expect(await desk.outboxTypes(booking.id)).toContain("booking.fee_decided");
    },
  );

  test("where scheduling hears first that it has begun, it is not moved", async () => {
    await desk.publish(0);
    const [now, later] = [await desk.offer(10), await desk.offer(NEXT_WEEK)];
    const { response: booking } = await desk.book(now.id);
    await desk.tell("consultation.started", booking);
    await expect(desk.reschedule(booking.id, later.id, desk.doctor)).rejects.toMatchObject({
      reason: "BOOKING_STARTED",
    });
    await desk.tell("consultation.completed", booking);
    expect([await desk.slotStatus(now.id), await desk.slotStatus(later.id)]).toEqual(["BOOKED", "OPEN"]);
    expect(await desk.read(booking.id)).toMatchObject({ status: "COMPLETED", sequence: 0 });
  });

  test("where it is held at its new time, the new slot is used up", async () => {
    const { booking, later } = await moveAway();
    await desk.tell("consultation.completed", {
      ...booking,
      startTime: later.startTime,
      endTime: later.endTime,
    });
    expect(await desk.read(booking.id)).toMatchObject({ startTime: later.startTime, sequence: 1 });
    expect(await desk.slotStatus(later.id)).toBe("BOOKED");
  });
});

test("a cancellation that came before the consultation's news stands", async () => {
  await desk.publish(0);
  const { response: booking } = await desk.book((await desk.offer(60)).id);
  const { response: cancelled } = await desk.cancel(booking.id, desk.patient);
  await desk.tell("consultation.abandoned", booking);
  expect(await desk.read(booking.id)).toEqual(cancelled);
});

test.each<[string, Course, ConsultationState_Party]>([
  ["broke the consultation off", "consultation.abandoned", "PARTY_UNSPECIFIED"],
  ["did not come", "consultation.no_show", "DOCTOR"],
])("the fee of a late cancellation goes back where the doctor %s meanwhile", async (_, type, party) => {
  await desk.publish(5000);
  const { response: booking } = await desk.book((await desk.offer(60)).id);
  await desk.authorized(booking.id);
  await desk.cancel(booking.id, desk.patient);
  const feeDecision = async () =>
    await desk.app.db.read("SELECT fee_decision AS feeDecision, version FROM bookings WHERE id = ?", [
      binaryId(booking.id),
    ]);
  expect(await feeDecision()).toEqual([{ feeDecision: "CHARGE", version: 3 }]);
  await desk.tell("consultation.completed", booking);
  await desk.tell("consultation.no_show", booking, "PATIENT");
  expect(await feeDecision()).toEqual([{ feeDecision: "CHARGE", version: 3 }]);
  await desk.tell(type, booking, party);
  await desk.tell(type, booking, party);
  expect(await feeDecision()).toEqual([{ feeDecision: "RELEASE", version: 4 }]);
  expect(await desk.read(booking.id)).toMatchObject({ status: "CANCELLED", cancelledBy: "PATIENT" });
});
