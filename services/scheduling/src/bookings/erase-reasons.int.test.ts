import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { applyEvent } from "@medconnect/platform/inbox/event-handler.ts";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Booking } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { HOLD_MS, MINUTE_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { applyPaymentCancelled, sweepReasons } from "./erase-reasons.ts";
import { sweepHolds } from "./expire-bookings.ts";

let desk: SchedulingFixture;

beforeAll(async () => {
  desk = await SchedulingFixture.open();
});
afterAll(() => desk.close());
beforeEach(() => desk.admit());

const START_MINUTES = 48 * 60;

async function held(): Promise<Booking> {
  await desk.publish(5000);
  return (await desk.book((await desk.offer(START_MINUTES)).id)).response;
}

async function expired(): Promise<Booking> {
  const booking = await held();
  desk.app.clock.advance(HOLD_MS);
  await sweepHolds(desk.app)();
  return booking;
}

/** Billing's event for a payment that ended unpaid. */
async function paymentCancelled({ id: bookingId, paymentId: aggregateId }: Booking): Promise<void> {
  const event = Event.fromPartial({
    aggregateId: aggregateId!,
    version: 1,
    state: { $case: "payment", value: { bookingId } },
  });
  const { transactions, clock } = desk.app;
  await transactions.run("service:billing", (tx) => applyEvent(tx, applyPaymentCancelled, event, clock));
}

/** The encrypted reason of a booking in the table. */
async function stored({ id }: Booking): Promise<Buffer | null> {
  const [row] = await desk.app.db.read<{ reason: Buffer | null }>(
    "SELECT reason FROM bookings WHERE id = ?",
    [binaryId(id)],
  );
  return row!.reason;
}

const queued = ({ id }: Booking) =>
  desk.app.db.read("SELECT 1 FROM reason_erasures WHERE booking_id = ?", [binaryId(id)]);

test.each([
  ["patient", () => desk.patient],
  ["doctor", () => desk.doctor],
])("the reason of an unpaid hold is erased at once when its %s cancels it", async (_, by) => {
  const booking = await held();
  expect((await desk.cancel(booking.id, by())).response.reason).toBe("");
  expect(await stored(booking)).toBeNull();
  expect((await desk.read(booking.id, desk.doctor)).reason).toBe("");
});

test("the reason of a paid booking outlives its cancellation", async () => {
  const booking = await held();
  await desk.authorized(booking.id);
  expect((await desk.cancel(booking.id, desk.patient)).response.reason).toBe("headache");
});

test("the reason of an expired booking stays while a payment may confirm it", async () => {
  const booking = await expired();
  await sweepReasons(desk.app)();
  expect(await stored(booking)).not.toBeNull();
  await desk.authorized(booking.id);
  expect(await desk.read(booking.id)).toMatchObject({ status: "CONFIRMED", reason: "headache" });
  await paymentCancelled(booking);
  desk.app.clock.advance(START_MINUTES * MINUTE_MS);
  await sweepReasons(desk.app)();
  expect((await desk.read(booking.id)).reason).toBe("headache");
  expect(await queued(booking)).toEqual([]);
});

test("it is erased when its payment has ended", async () => {
  const booking = await expired();
  await paymentCancelled(booking);
  await paymentCancelled(booking);
  expect(await stored(booking)).toBeNull();
  expect(await queued(booking)).toEqual([]);
  const sql =
    "SELECT actor_id AS actorId FROM audit_events WHERE action = 'booking.erase_reason' AND resource = ?";
  expect(await desk.app.db.read(sql, [`bookings/${booking.id}`])).toEqual([{ actorId: "service:billing" }]);
});

test.each([
  ["before the sweep has seen the hold's end", HOLD_MS],
  ["before the hold ends by this clock", HOLD_MS - 1],
])("it is erased, and the hold ends, when its payment ends %s", async (_, ms) => {
  const booking = await held();
  desk.app.clock.advance(ms);
  await paymentCancelled(booking);
  expect(await desk.read(booking.id)).toMatchObject({ status: "EXPIRED", reason: "" });
  expect(await desk.slotStatus(booking.slotId)).toBe("OPEN");
  desk.app.clock.advance(1);
  await sweepHolds(desk.app)();
  await sweepReasons(desk.app)();
  expect(await stored(booking)).toBeNull();
  expect(await queued(booking)).toEqual([]);
  expect(await desk.outboxTypes(booking.id)).toEqual(["booking.held", "booking.expired"]);
});

test("it is erased when a late payment was refused", async () => {
  const booking = await expired();
  const { slotId } = booking;
  desk.patient = { ...desk.patient, userId: newId() };
  await desk.book(slotId);
  await desk.authorized(booking.id);
  expect(await stored(booking)).toBeNull();
  expect(await queued(booking)).toEqual([]);
});

test("it is erased at its start for any state of the payment, in batches", async () => {
  const first = await expired();
  desk.admit();
  const bookings = [first, await expired()];
  desk.app.clock.advance(START_MINUTES * MINUTE_MS - HOLD_MS - 1);
  await sweepReasons(desk.app)();
  expect(await stored(bookings[1]!)).not.toBeNull();
  desk.app.clock.advance(1);
  await sweepReasons(desk.app)();
  for (const booking of bookings) {
    expect(await stored(booking)).toBeNull();
    expect(await queued(booking)).toEqual([]);
  }
});
