import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type ConsultationState_Party, Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { type Course, MINUTE_MS, outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

/** A paid booking after its end, still CONFIRMED. */
async function pastBooking(amountMinor = 5000) {
  await fixture.createDoctor(amountMinor);
  const { response: booking } = await fixture.book((await fixture.createSlot(10)).id);
  if (amountMinor > 0) await fixture.paymentAuthorized(booking.id);
  fixture.app.clock.advance(40 * MINUTE_MS);
  return booking;
}

const told = async (bookingId: string) => {
  const rows = await fixture.app.db.read<{ destination: string; payload: Buffer }>(
    "SELECT destination, payload FROM outbox WHERE aggregateid = ? AND type = 'booking.closed' ORDER BY destination",
    [bookingId],
  );
  return rows.map(({ destination, payload }) => ({
    destination,
    ...stateOf(Event.decode(payload), "booking"),
  }));
};

test.each([
  ["COMPLETED", "CHARGE", "COMPLETED"],
  ["COMPLETED", "RELEASE", "COMPLETED"],
  ["NO_SHOW_PATIENT", "CHARGE", "NO_SHOW"],
  ["NO_SHOW_DOCTOR", "RELEASE", "NO_SHOW"],
  ["NO_SHOW_BOTH", "RELEASE", "NO_SHOW"],
] as const)(
  "an admin closes it as %s, %s, with events to clinical and billing",
  async (closeOutcome, feeDecision, status) => {
    const booking = await pastBooking();
    const closed = await fixture.closeBooking(booking.id, closeOutcome, feeDecision);
    const closeTime = fixture.app.clock.now();
    expect(closed).toMatchObject({ status, feeDecision, close: { outcome: closeOutcome, closeTime } });
    expect(closed.close).toHaveProperty("reason", undefined);
    expect(await fixture.read(booking.id)).toMatchObject({ close: { reason: "Nobody said" } });
    const event = { feeDecision, closeOutcome, startTime: booking.startTime, endTime: booking.endTime };
    expect(await told(booking.id)).toMatchObject([
      { destination: "billing", ...event },
      { destination: "clinical", ...event },
    ]);
  },
);

test("a repeat by the same admin changes nothing; another admin or outcome is refused", async () => {
  const booking = await pastBooking();
  const closed = await fixture.closeBooking(booking.id, "NO_SHOW_BOTH");
  fixture.app.clock.advance(MINUTE_MS);
  expect(await fixture.closeBooking(booking.id, "NO_SHOW_BOTH")).toEqual(closed);
  const refused = {
    reason: "BOOKING_CLOSED",
    metadata: { outcome: "NO_SHOW_BOTH", feeDecision: "RELEASE" },
  };
  await expect(fixture.closeBooking(booking.id, "COMPLETED")).rejects.toMatchObject(refused);
  await expect(fixture.closeBooking(booking.id, "NO_SHOW_BOTH", "CHARGE")).rejects.toMatchObject(refused);
  const other = fixture.closeBooking(booking.id, "NO_SHOW_BOTH", "RELEASE", userCaller("ADMIN"));
  await expect(other).rejects.toMatchObject(refused);
  expect(await told(booking.id)).toHaveLength(2);
  const lines = await fixture.app.db.read(
    "SELECT action FROM audit_events WHERE resource = ? AND actor_id = ? ORDER BY id",
    [`bookings/${booking.id}`, fixture.admin.userId],
  );
  expect(lines).toEqual([{ action: "booking.close" }, { action: "booking.get" }]);
});

test("concurrent admins close it once", async () => {
  const booking = await pastBooking();
  const tries = await Promise.allSettled(
    Array.from({ length: 10 }, () =>
      fixture.closeBooking(booking.id, "NO_SHOW_BOTH", "RELEASE", userCaller("ADMIN")),
    ),
  );
  expect(tries.map(outcome).filter((each) => each === "ok")).toHaveLength(1);
  expect(await told(booking.id)).toHaveLength(2);
});

test("it can be closed only after its end, and while it is CONFIRMED", async () => {
  await fixture.createDoctor(0);
  const { response: booking } = await fixture.book((await fixture.createSlot(10)).id);
  fixture.app.clock.advance(40 * MINUTE_MS - 1);
  await expect(fixture.closeBooking(booking.id, "COMPLETED")).rejects.toMatchObject({
    reason: "TOO_EARLY",
    metadata: { possibleFrom: booking.endTime!.toISOString() },
  });
  fixture.app.clock.advance(1);
  await fixture.consultationEvent("consultation.completed", booking);
  await expect(fixture.closeBooking(booking.id, "COMPLETED")).rejects.toMatchObject({
    reason: "ILLEGAL_TRANSITION",
  });
  await expect(fixture.closeBooking(newId(), "COMPLETED")).rejects.toMatchObject({ reason: "NOT_FOUND" });
});

test.each([
  ["NO_SHOW_PATIENT", "CHARGE"],
  ["NO_SHOW_PATIENT", "RELEASE"],
  ["COMPLETED", "CHARGE"],
  ["NO_SHOW_BOTH", "CHARGE"],
] as const)("a booking with a pending move cannot be closed as %s, %s", async (closeOutcome, feeDecision) => {
  await fixture.createDoctor(5000);
  const { response: booking } = await fixture.book((await fixture.createSlot(120)).id);
  await fixture.paymentAuthorized(booking.id);
  await fixture.reschedule(booking.id, (await fixture.createSlot(2)).id, fixture.doctor);
  fixture.app.clock.advance(32 * MINUTE_MS);
  await expect(fixture.closeBooking(booking.id, closeOutcome, feeDecision)).rejects.toMatchObject({
    reason: "MOVE_NOT_ACCEPTED",
  });
  const untouched = { status: "CONFIRMED", feeDecision: undefined, close: undefined };
  expect(await fixture.read(booking.id)).toMatchObject(untouched);
  expect(await fixture.closeBooking(booking.id, "NO_SHOW_BOTH", "RELEASE")).toMatchObject({
    status: "NO_SHOW",
    feeDecision: "RELEASE",
  });
});

test("its reason is encrypted in the database", async () => {
  const { id } = await pastBooking();
  await fixture.closeBooking(id, "NO_SHOW_BOTH");
  const [row] = await fixture.app.db.read<{ closeReason: Buffer }>(
    "SELECT close_reason AS closeReason FROM bookings WHERE id = ?",
    [binaryId(id)],
  );
  expect(row!.closeReason.includes("Nobody")).toBe(false);
});

describe("a consultation that ended before clinical applied the closing", () => {
  const ENDS: [Course, ConsultationState_Party, string, string][] = [
    ["consultation.completed", "PARTY_UNSPECIFIED", "COMPLETED", "CHARGE"],
    ["consultation.no_show", "PATIENT", "NO_SHOW", "CHARGE"],
    ["consultation.no_show", "DOCTOR", "NO_SHOW", "RELEASE"],
    ["consultation.no_show", "BOTH", "NO_SHOW", "RELEASE"],
    ["consultation.abandoned", "PARTY_UNSPECIFIED", "CANCELLED", "RELEASE"],
  ];
  const CASES = ENDS.flatMap((end) => (["CHARGE", "RELEASE"] as const).map((fee) => [...end, fee] as const));

  test.each(CASES)(
    "%s (%s) makes the booking %s; its fee's %s and the admin's %s: a release prevails",
    async (type, party, status, ownFee, adminsFee) => {
      const booking = await pastBooking();
      await fixture.closeBooking(
        booking.id,
        type === "consultation.completed" ? "NO_SHOW_BOTH" : "COMPLETED",
        adminsFee,
      );
      await fixture.consultationEvent(type, booking, party);
      await fixture.consultationEvent(type, booking, party);
      const feeDecision = ownFee === "CHARGE" && adminsFee === "CHARGE" ? "CHARGE" : "RELEASE";
      expect(await fixture.read(booking.id)).toMatchObject({ status, feeDecision, close: undefined });
      await expect(fixture.closeBooking(booking.id, "COMPLETED")).rejects.toMatchObject({
        reason: "ILLEGAL_TRANSITION",
      });
    },
  );
});

test.each<Course>(["consultation.joined", "consultation.started", "consultation.overdue"])(
  "%s changes nothing for a closed booking",
  async (type) => {
    const booking = await pastBooking();
    await fixture.closeBooking(booking.id, "COMPLETED", "CHARGE");
    const closed = await fixture.read(booking.id);
    await fixture.consultationEvent(type, booking);
    expect(await fixture.read(booking.id)).toEqual(closed);
  },
);

test("an overdue consultation counts as started, even without the event of its start", async () => {
  const booking = await pastBooking();
  await fixture.consultationEvent("consultation.overdue", booking);
  await fixture.consultationEvent("consultation.started", booking);
  const [row] = await fixture.app.db.read("SELECT started, version FROM bookings WHERE id = ?", [
    binaryId(booking.id),
  ]);
  expect(row).toEqual({ started: 1, version: 3 });
});
