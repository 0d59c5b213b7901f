import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { applyEvent } from "@medconnect/platform/inbox/event-handler.ts";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Booking } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { HOLD_MS, MINUTE_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { applyPaymentCancelled, sweepReasons } from "./erase-reasons.ts";
import { sweepHolds } from "./expire-bookings.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

const START_MINUTES = 48 * 60;

async function held(): Promise<Booking> {
  await fixture.createDoctor(5000);
  return (await fixture.book((await fixture.createSlot(START_MINUTES)).id)).response;
}

async function expired(): Promise<Booking> {
  const booking = await held();
  fixture.app.clock.advance(HOLD_MS);
  await sweepHolds(fixture.app)();
  return booking;
}

/** Applies the event payment.cancelled, as if billing had sent it, to a booking. */
async function paymentCancelled({ id: bookingId, paymentId: aggregateId }: Booking): Promise<void> {
  const event = Event.fromPartial({
    aggregateId: aggregateId!,
    version: 1,
    state: { $case: "payment", value: { bookingId } },
  });
  const { transactions, businessClock } = fixture.app;
  await transactions.run("service:billing", (tx) =>
    applyEvent(tx, applyPaymentCancelled, event, businessClock),
  );
}

/** Reads the stored reason text of a booking, which is encrypted; null after its erasure. */
async function stored({ id }: Booking): Promise<Buffer | null> {
  const [row] = await fixture.app.db.read<{ reason: Buffer | null }>(
    "SELECT reason FROM bookings WHERE id = ?",
    [binaryId(id)],
  );
  return row!.reason;
}

const queued = ({ id }: Booking) =>
  fixture.app.db.read("SELECT 1 FROM reason_erasures WHERE booking_id = ?", [binaryId(id)]);

test.each([
  ["patient", () => fixture.patient],
  ["doctor", () => fixture.doctor],
])("the reason of an unpaid hold is erased at once when its %s cancels it", async (_, by) => {
  const booking = await held();
  expect((await fixture.cancel(booking.id, by())).response.reason).toBe("");
  expect(await stored(booking)).toBeNull();
  expect((await fixture.read(booking.id, fixture.doctor)).reason).toBe("");
});

test("the reason of a paid booking stays after its cancellation", async () => {
  const booking = await held();
  await fixture.paymentAuthorized(booking.id);
  expect((await fixture.cancel(booking.id, fixture.patient)).response.reason).toBe("headache");
});

test("the reason of an expired booking stays while a payment may confirm it", async () => {
  const booking = await expired();
  await sweepReasons(fixture.app)();
  expect(await stored(booking)).not.toBeNull();
  await fixture.paymentAuthorized(booking.id);
  expect(await fixture.read(booking.id)).toMatchObject({ status: "CONFIRMED", reason: "headache" });
  await paymentCancelled(booking);
  fixture.app.clock.advance(START_MINUTES * MINUTE_MS);
  await sweepReasons(fixture.app)();
  expect((await fixture.read(booking.id)).reason).toBe("headache");
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
  expect(await fixture.app.db.read(sql, [`bookings/${booking.id}`])).toEqual([
    { actorId: "service:billing" },
  ]);
});

test.each([
  ["before the sweep of the hold", HOLD_MS],
  ["before the hold ends by scheduling's clock", HOLD_MS - 1],
])("it is erased and the hold ends when its payment ends %s", async (_, ms) => {
  const booking = await held();
  fixture.app.clock.advance(ms);
  await paymentCancelled(booking);
  expect(await fixture.read(booking.id)).toMatchObject({ status: "EXPIRED", reason: "" });
  expect(await fixture.slotStatus(booking.slotId)).toBe("OPEN");
  fixture.app.clock.advance(1);
  await sweepHolds(fixture.app)();
  await sweepReasons(fixture.app)();
  expect(await stored(booking)).toBeNull();
  expect(await queued(booking)).toEqual([]);
  expect(await fixture.outboxTypes(booking.id)).toEqual(["booking.held", "booking.expired"]);
});

test("it is erased when a late payment was refused", async () => {
  const booking = await expired();
  const { slotId } = booking;
  fixture.patient = { ...fixture.patient, userId: newId() };
  await fixture.book(slotId);
  await fixture.paymentAuthorized(booking.id);
  expect(await stored(booking)).toBeNull();
  expect(await queued(booking)).toEqual([]);
});

test("it is erased at its start in any state of the payment, in batches", async () => {
  const first = await expired();
  fixture.renewPeople();
  const bookings = [first, await expired()];
  fixture.app.clock.advance(START_MINUTES * MINUTE_MS - HOLD_MS - 1);
  await sweepReasons(fixture.app)();
  expect(await stored(bookings[1]!)).not.toBeNull();
  fixture.app.clock.advance(1);
  await sweepReasons(fixture.app)();
  for (const booking of bookings) {
    expect(await stored(booking)).toBeNull();
    expect(await queued(booking)).toEqual([]);
  }
});
