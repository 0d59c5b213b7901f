import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { Inbox } from "@medconnect/platform/inbox/inbox.ts";
import { roundTrips } from "@medconnect/platform/testing/round-trips.ts";
import { invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { Event, EventServiceService } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Booking } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { consumersOf } from "../consumers.ts";
import { HOLD_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { lockBookings } from "./booking-store.ts";
import { sweepHolds } from "./expire-bookings.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

type Paid = Pick<Booking, "id" | "paymentId">;

const eventOf = ({ id: bookingId, paymentId }: Paid): Event =>
  Event.fromPartial({
    id: newId(),
    type: "payment.authorized",
    aggregateId: paymentId!,
    version: 3,
    occurTime: fixture.app.clock.now(),
    state: { $case: "payment", value: { bookingId, authorizeTime: fixture.at(0) } },
  });

/** Delivers the events payment.authorized of several bookings in one batch. */
async function payTogether(bookings: Paid[]): Promise<void> {
  const { app } = fixture;
  const inbox = new Inbox(app.transactions, consumersOf(app), app, app.log);
  const { deliverEvents } = EventServiceService;
  const billing = { kind: "service", name: "billing" } as const;
  const events = bookings.map(eventOf);
  const { response } = await invoke(deliverEvents, inbox.deliverEvents, billing, { events });
  expect(response.failures).toEqual([]);
}

/** Creates unpaid holds of consecutive slots, each for a different patient. */
async function holds(count: number): Promise<Booking[]> {
  const held: Booking[] = [];
  for (let i = 0; i < count; i++) {
    const slot = await fixture.createSlot(60 + 30 * i);
    held.push((await fixture.book(slot.id, userCaller("PATIENT"))).response);
  }
  return held;
}

const statuses = (bookings: { id: string }[]) =>
  Promise.all(bookings.map(async ({ id }) => (await fixture.read(id, fixture.admin)).status));

const linesOf = async (bookingId: string) => {
  const sql = "SELECT action FROM audit_events WHERE resource = ? AND action <> 'booking.get' ORDER BY id";
  return (await fixture.app.db.read<{ action: string }>(sql, [`bookings/${bookingId}`])).map(
    ({ action }) => action,
  );
};

test("a batch of 32 payments takes as many round trips as one payment", async () => {
  await fixture.createDoctor(5000);
  const [first, ...others] = await holds(33);
  expect(await roundTrips(() => payTogether([first!]))).toBe(2);
  expect(await roundTrips(() => payTogether(others))).toBe(2);
  expect(new Set(await statuses([first!, ...others]))).toEqual(new Set(["CONFIRMED"]));
  for (const { id, slotId } of [first!, ...others]) {
    expect(await fixture.slotStatus(slotId)).toBe("BOOKED");
    expect(await linesOf(id)).toEqual(["booking.create", "booking.confirm"]);
  }
});

test("each payment of a batch gets its own decision", async () => {
  await fixture.createDoctor(5000);
  const [expired, taken, swept] = await holds(3);
  const { patient } = fixture;
  const tooLate = (await fixture.book((await fixture.createSlot(10)).id, userCaller("PATIENT"))).response;
  fixture.app.clock.advance(HOLD_MS);
  await sweepHolds(fixture.app)();
  const { response: winner } = await fixture.book(taken!.slotId, patient);
  const { response: inTime } = await fixture.book((await fixture.createSlot(400)).id, userCaller("PATIENT"));
  const { response: cancelled } = await fixture.book((await fixture.createSlot(460)).id, patient);
  await fixture.cancel(cancelled.id, patient);
  const unknown = { id: newId(), paymentId: newId() };
  const all = [expired!, taken!, swept!, tooLate, winner, inTime, cancelled];
  await payTogether([unknown, ...all]);
  expect(await statuses(all)).toEqual([
    "CONFIRMED",
    "EXPIRED",
    "CONFIRMED",
    "EXPIRED",
    "CONFIRMED",
    "CONFIRMED",
    "CANCELLED",
  ]);
  for (const { id } of [taken!, tooLate, cancelled]) {
    expect((await linesOf(id)).at(-1)).toBe("booking.refuse_payment");
  }
  expect(await fixture.outboxTypes(unknown.id)).toEqual([]);
});

test("of late payments for one slot, one is confirmed and the others are refused", async () => {
  await fixture.createDoctor(5000);
  const slot = await fixture.createSlot(240);
  const late: Booking[] = [];
  for (let i = 0; i < 3; i++) {
    late.push((await fixture.book(slot.id, userCaller("PATIENT"))).response);
    fixture.app.clock.advance(HOLD_MS);
  }
  await payTogether(late);
  expect((await statuses(late)).sort()).toEqual(["CONFIRMED", "EXPIRED", "EXPIRED"]);
  const refused = await Promise.all(late.map(async ({ id }) => (await fixture.outboxTypes(id)).at(-1)));
  expect(refused.filter((type) => type === "booking.payment_refused")).toHaveLength(2);
  expect(await fixture.slotStatus(slot.id)).toBe("BOOKED");
});

test("each late payment of a patient counts for the limits of the next", async () => {
  const late: Booking[] = [];
  // Overlapping slots of different doctors. The patient may have only one of them.
  for (let i = 0; i < 3; i++) {
    fixture.doctor = userCaller("DOCTOR");
    await fixture.createDoctor(5000);
    late.push((await fixture.book((await fixture.createSlot(240 - i * 14)).id)).response);
    fixture.app.clock.advance(HOLD_MS);
  }
  await payTogether(late);
  expect((await statuses(late)).sort()).toEqual(["CONFIRMED", "EXPIRED", "EXPIRED"]);
});

test("a payment that waits for a locked slot delays no other", async () => {
  await fixture.createDoctor(5000);
  const [locked, ...others] = await holds(4);
  const { promise: isToEnd, resolve: end } = Promise.withResolvers<void>();
  const { promise: isLocked, resolve: lock } = Promise.withResolvers<void>();
  const holder = fixture.app.db.transaction(async (tx) => {
    await tx.read("SELECT id FROM slots WHERE id = ? FOR UPDATE", [binaryId(locked!.slotId)]);
    lock();
    await isToEnd;
  });
  await isLocked;
  const delivered = payTogether([locked!, ...others]);
  await fixture.doneOrWaiting(delivered);
  expect(await statuses([locked!, ...others])).toEqual([
    "PENDING_PAYMENT",
    "CONFIRMED",
    "CONFIRMED",
    "CONFIRMED",
  ]);
  end();
  await holder;
  await delivered;
  expect(await statuses([locked!])).toEqual(["CONFIRMED"]);
});

test("slots are locked in id order for every order of payments", async () => {
  await fixture.createDoctor(5000);
  const held = (await holds(3)).sort((a, b) => (a.slotId < b.slotId ? -1 : 1));
  const [first, middle, last] = held;
  const { promise: isToEnd, resolve: end } = Promise.withResolvers<void>();
  const { promise: isLocked, resolve: lock } = Promise.withResolvers<void>();
  const holder = fixture.app.db.transaction(async (tx) => {
    await tx.read("SELECT id FROM slots WHERE id = ? FOR UPDATE", [binaryId(middle!.slotId)]);
    lock();
    await isToEnd;
  });
  await isLocked;
  const isFree = async ({ slotId }: { slotId: string }) => {
    const sql = "SELECT id FROM slots WHERE id = ? FOR UPDATE SKIP LOCKED";
    return (await fixture.app.db.transaction((tx) => tx.read(sql, [binaryId(slotId)]))).length > 0;
  };
  const locking = fixture.app.db.transaction((tx) => lockBookings(tx, held.map(({ id }) => id).reverse()));
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  locking.then(over, over);
  // Waits until the transaction has locked the first slot. If the transaction's wait for the middle slot
  // times out, the transaction is retried, and the first slot is free for a moment.
  while (!isOver && (await isFree(first!)));
  expect([isOver, await isFree(last!)]).toEqual([false, true]);
  end();
  await Promise.all([holder, locking]);
});
