import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { Inbox } from "@medconnect/platform/inbox/inbox.ts";
import { invoke } from "@medconnect/platform/testing/test-service.ts";
import type { ConsultationSnapshot } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { Event, EventServiceService } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { findBooking, saveBooking } from "../bookings/booking-store.ts";
import { consumersOf } from "../consumers.ts";
import { findSlot } from "../slots/slot-store.ts";
import { HOUR_MS, MINUTE_MS, ReconciliationFixture } from "../testing/reconciliation-fixture.ts";

/**
 * Time from the creation of a booking, one day before its start, until the booking must be closed: a day, the
 * maximum length of 12 hours, and 3 hours to close it.
 */
const UNTIL_CLOSED_MS = 24 * HOUR_MS + 12 * HOUR_MS + 3 * HOUR_MS;

let fixture: ReconciliationFixture;

beforeAll(async () => {
  fixture = await ReconciliationFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.reset());

test("a lost authorization confirms the booking, and its late event is skipped", async () => {
  const row = await fixture.insertBooking("PENDING_PAYMENT");
  fixture.pay(row, { authorizeTime: fixture.service.clock.now() });
  const { findings } = await fixture.reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "PAYMENT_NOT_HEARD", outcome: "REPAIRED" }]);
  expect(await findBooking(fixture.app.db, row.id)).toMatchObject({ status: "CONFIRMED", version: 2 });
  expect(await fixture.auditOf(row)).toEqual([
    "booking.reconcile by service:scheduling",
    "booking.confirm by service:scheduling",
  ]);

  // The lost event arrives after all, when the booking has expired.
  await fixture.app.db.write("UPDATE bookings SET status = 'EXPIRED' WHERE id = ?", [binaryId(row.id)]);
  const inbox = new Inbox(fixture.app.transactions, consumersOf(fixture.app), fixture.app, fixture.app.log);
  const event = Event.fromPartial({
    id: newId(),
    type: "payment.authorized",
    aggregateId: row.paymentId!,
    version: 3,
    occurTime: fixture.service.clock.now(),
    state: { $case: "payment", value: { bookingId: row.id } },
  });
  const billing = { kind: "service", name: "billing" } as const;
  await invoke(EventServiceService.deliverEvents, inbox.deliverEvents, billing, { events: [event] });
  expect(await findBooking(fixture.app.db, row.id)).toMatchObject({ status: "EXPIRED", version: 2 });
});

test("a lost end of a consultation long after the booking's last change ends the booking", async () => {
  const row = await fixture.insertBooking("CONFIRMED");
  fixture.pay(row, { status: "CAPTURED", feeDecision: "CHARGE" });
  fixture.meet(row, { status: "COMPLETED", version: 4 });
  fixture.service.clock.advance(UNTIL_CLOSED_MS);
  const { findings } = await fixture.reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "CONSULTATION_NOT_HEARD", outcome: "REPAIRED" }]);
  expect(await findBooking(fixture.app.db, row.id)).toMatchObject({ status: "COMPLETED" });
});

test("a booking that took place at its old time although it was moved releases the new slot", async () => {
  const row = await fixture.insertBooking("CONFIRMED");
  await fixture.app.db.write("UPDATE slots SET status = 'BOOKED', booking_id = ? WHERE id = ?", [
    binaryId(row.id),
    binaryId(row.slotId),
  ]);
  const [startTime, endTime] = [fixture.fromNow(-30 * MINUTE_MS), fixture.service.clock.now()];
  fixture.pay(row, { status: "CAPTURED", feeDecision: "CHARGE" });
  fixture.meet(row, { status: "COMPLETED", startTime, endTime, version: 3 });
  const { findings } = await fixture.reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "CONSULTATION_NOT_HEARD", outcome: "REPAIRED" }]);
  const back = { status: "COMPLETED", startTime, endTime, sequence: 1 };
  expect(await findBooking(fixture.app.db, row.id)).toMatchObject(back);
  expect(await findSlot(fixture.app.db, row.slotId, fixture.app.clock.now())).toMatchObject({
    status: "OPEN",
    bookingId: null,
  });
  expect((await fixture.reconcile()).findings).toEqual([]);
});

test.each<[string, Partial<ConsultationSnapshot>]>([
  ["an abandonment", { status: "ABANDONED", brokenOff: true }],
  ["a no-show of the doctor", { status: "NO_SHOW", noShowParty: "DOCTOR" }],
])("%s that crossed a late cancellation is applied after its event was lost", async (_, end) => {
  const cancelled = { cancelledBy: "PATIENT", feeDecision: "CHARGE" } as const;
  const row = await fixture.insertBooking("CANCELLED");
  await fixture.app.db.transaction(async (tx) => {
    saveBooking(tx, { ...row, ...cancelled, version: 2 }, fixture.service.clock.now());
  });
  fixture.pay(row, { status: "VOIDED", feeDecision: "RELEASE" });
  fixture.meet(row, { ...end, version: 3 });
  const { findings } = await fixture.reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "CONSULTATION_NOT_HEARD", outcome: "REPAIRED" }]);
  expect(await findBooking(fixture.app.db, row.id)).toMatchObject({
    cancelledBy: "PATIENT",
    feeDecision: "RELEASE",
  });
  expect((await fixture.reconcile()).findings).toEqual([]);
});

test.each<[string, Partial<ConsultationSnapshot>, string[]]>([
  ["whose acceptance by joining was lost", { status: "WAITING" }, ["booking.move_accepted"]],
  ["whose event to clinical was lost", {}, ["booking.rescheduled"]],
])("a move %s is repaired", async (_, snapshot, sent) => {
  const row = await fixture.insertBooking("CONFIRMED");
  await fixture.app.db.transaction(async (tx) => {
    const moved = {
      movedBy: "DOCTOR",
      moveTime: row.createTime,
      previousStartTime: row.startTime,
    } as const;
    saveBooking(tx, { ...row, ...moved, movePending: true, version: 2 }, fixture.service.clock.now());
  });
  fixture.pay(row);
  fixture.meet(row, { ...snapshot, version: 3 });
  const { findings } = await fixture.reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "MOVE_ACCEPTANCE_DIFFERS", outcome: "REPAIRED" }]);
  expect((await fixture.outboxOf(row)).map(({ event }) => event.type)).toEqual(sent);
  const isAccepted = snapshot.status === "WAITING";
  expect(await findBooking(fixture.app.db, row.id)).toMatchObject({
    movePending: !isAccepted,
    version: 3,
  });
});
