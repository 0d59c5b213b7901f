import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { lockBooking, saveBooking } from "../bookings/booking-store.ts";
import { insertBookings } from "../bookings/claim-store.ts";
import { HOUR_MS, ReconciliationFixture } from "../testing/reconciliation-fixture.ts";

/**
 * Time from the creation of a booking, one day before its start, until the booking must be closed: a day, the
 * maximum length of 12 hours, and 3 hours to close it.
 */
const UNTIL_CLOSED_MS = 24 * HOUR_MS + 12 * HOUR_MS + 3 * HOUR_MS;
const FREE = { feeCurrency: null, feeMinor: 0 };

let fixture: ReconciliationFixture;

beforeAll(async () => {
  fixture = await ReconciliationFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.reset());

test("a booking that all services agree about is not changed", async () => {
  const row = await fixture.insertBooking("CONFIRMED");
  fixture.pay(row);
  fixture.meet(row);
  expect(await fixture.reconcile()).toMatchObject({ compared: 1, inFlight: 0, findings: [] });
  expect(await fixture.versionOf(row)).toBe(1);
});

test("a confirmed booking without a consultation is sent again under the next version", async () => {
  const row = await fixture.insertBooking("CONFIRMED");
  fixture.pay(row);
  const { findings } = await fixture.reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "CONSULTATION_MISSING", outcome: "REPAIRED" }]);
  const sent = await fixture.outboxOf(row);
  expect(sent).toMatchObject([
    {
      destination: "clinical",
      event: {
        type: "booking.confirmed",
        version: 2,
        state: { value: { consultationId: row.consultationId, startTime: row.startTime } },
      },
    },
  ]);
  expect(await fixture.versionOf(row)).toBe(2);
  expect(await fixture.auditOf(row)).toEqual(["booking.reconcile by service:scheduling"]);
});

test("a booking with an event in flight is not compared", async () => {
  const row = await fixture.insertBooking("CONFIRMED");
  fixture.pay(row);
  await fixture.reconcile();
  expect(await fixture.reconcile()).toMatchObject({ compared: 1, inFlight: 1, findings: [] });
  expect(await fixture.outboxOf(row)).toHaveLength(1);
});

test.each(["payment", "consultation"])("a %s with an event in flight delays the comparison", async (of) => {
  const row = await fixture.insertBooking("PENDING_PAYMENT");
  fixture.pay(row, { inFlight: of === "payment" });
  if (of === "consultation") fixture.meet(row, { inFlight: true });
  expect(await fixture.reconcile()).toMatchObject({ inFlight: 1, findings: [] });
});

test("a report changes nothing", async () => {
  const row = await fixture.insertBooking("CONFIRMED");
  fixture.pay(row);
  const { findings } = await fixture.reconcile("REPORT");
  expect(findings).toEqual([{ bookingId: row.id, kind: "CONSULTATION_MISSING", outcome: "LEFT" }]);
  expect(await fixture.outboxOf(row)).toEqual([]);
});

test("a booking that changes during the comparison is left to the next run", async () => {
  const row = await fixture.insertBooking("CONFIRMED");
  fixture.pay(row);
  fixture.whileReading = () =>
    fixture.app.db.transaction(async (tx) => {
      const locked = (await lockBooking(tx, row.id))!;
      saveBooking(tx, { ...locked, version: locked.version + 1 }, fixture.service.clock.now());
    });
  expect((await fixture.reconcile()).findings).toEqual([]);
  expect(await fixture.outboxOf(row)).toEqual([]);
});

test("of concurrent runs, one repairs a booking", async () => {
  const row = await fixture.insertBooking("CONFIRMED");
  fixture.pay(row);
  const reports = await Promise.all([fixture.reconcile(), fixture.reconcile(), fixture.reconcile()]);
  const outcomes = reports.flatMap(({ findings }) => findings.map(({ outcome }) => outcome));
  expect(outcomes.filter((outcome) => outcome === "REPAIRED")).toHaveLength(1);
  expect(await fixture.outboxOf(row)).toHaveLength(1);
});

test("a booking with a dead event is reported and not sent again", async () => {
  const row = await fixture.insertBooking("CONFIRMED");
  fixture.pay(row);
  await fixture.reconcile();
  await fixture.app.db.write("UPDATE outbox SET dead = TRUE WHERE aggregateid = ?", [row.id]);
  const { findings } = await fixture.reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "CONSULTATION_MISSING", outcome: "LEFT" }]);
  expect(await fixture.outboxOf(row)).toHaveLength(1);
});

test("a confirmed booking whose consultation nobody closed is reported", async () => {
  const row = await fixture.insertBooking("CONFIRMED");
  fixture.pay(row, { status: "CAPTURED", feeDecision: "CHARGE" });
  fixture.meet(row);
  expect((await fixture.reconcile()).findings).toEqual([]);
  fixture.service.clock.advance(UNTIL_CLOSED_MS);
  const { findings } = await fixture.reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "CONSULTATION_NOT_CLOSED", outcome: "LEFT" }]);
  expect(await fixture.versionOf(row)).toBe(1);
});

test("a consultation that completed while its booking was cancelled is not reported", async () => {
  const row = await fixture.insertBooking("CANCELLED");
  fixture.pay(row, { status: "VOIDED", feeDecision: "RELEASE" });
  fixture.meet(row, { status: "COMPLETED", version: 3 });
  expect((await fixture.reconcile()).findings).toEqual([]);
});

test("a disagreement without a remedy is only reported", async () => {
  const row = await fixture.insertBooking("CONFIRMED");
  fixture.pay(row, { status: "VOIDED" });
  fixture.meet(row);
  const { findings } = await fixture.reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "PAYMENT_NOT_SECURED", outcome: "LEFT" }]);
  expect(await fixture.versionOf(row)).toBe(1);
});

test("every booking is compared once, even if many changed in the same millisecond", async () => {
  const row = await fixture.insertBooking("EXPIRED", { paymentId: null, ...FREE });
  await fixture.app.db.transaction(async (tx) => {
    const others = Array.from({ length: 449 }, () => ({ ...row, id: newId(), consultationId: newId() }));
    insertBookings(tx, others);
  });
  expect(await fixture.reconcile()).toMatchObject({ compared: 450, findings: [] });
});
