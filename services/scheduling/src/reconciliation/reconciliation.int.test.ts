import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { Inbox } from "@medconnect/platform/inbox/inbox.ts";
import { startMetrics } from "@medconnect/platform/telemetry/start-metrics.ts";
import { invoke, startTestService, type TestService } from "@medconnect/platform/testing/test-service.ts";
import { PaymentSnapshot } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import { ConsultationSnapshot } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { Event, EventServiceService } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { EVENT_ROUTES, type Scheduling } from "../app.ts";
import { type BookingRow, NOT_CLOSED } from "../bookings/booking.ts";
import { findBooking, insertBookings, lockBooking, saveBooking } from "../bookings/booking-store.ts";
import { consumersOf } from "../consumers.ts";
import { insertSlots } from "../slots/new-slot-store.ts";
import { findSlot } from "../slots/slot-store.ts";
import { type ReconcileOptions, reconcileBookings } from "./reconcile-bookings.ts";
import { reconcileRegularly } from "./reconcile-regularly.ts";
import type { Snapshots } from "./snapshots.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const GRACE_MS = MINUTE_MS;
/** From the day before: no slot is longer than twelve hours, and its doctor has three to close it. */
const UNTIL_CLOSED_MS = 24 * HOUR_MS + 12 * HOUR_MS + 3 * HOUR_MS;
const NO_LIMITS = { holds: 0, bookings: 0, bookingsPerDoctor: 0 };
const FEE = { currencyCode: "USD", amountMinor: 5000 };
const FREE = { feeCurrency: null, feeMinor: 0 };

let service: TestService;
let app: Scheduling;

/** States at billing and clinical. */
let payments: Map<string, PaymentSnapshot>;
let consultations: Map<string, ConsultationSnapshot>;
let whileAsked: () => Promise<void>;
const snapshots: Snapshots = {
  payments: async (ids) => only(payments, ids),
  consultations: async (ids) => {
    await whileAsked();
    return only(consultations, ids);
  },
};
const only = <T>(all: Map<string, T>, ids: string[]) => new Map([...all].filter(([id]) => ids.includes(id)));

beforeAll(async () => {
  service = await startTestService("scheduling", EVENT_ROUTES);
  app = {
    ...service,
    holdMs: 15 * MINUTE_MS,
    jurisdiction: "off",
    cancelCutoffMs: 24 * HOUR_MS,
    bookingLimits: NO_LIMITS,
    doctorMaxSlots: 0,
  };
});
afterAll(() => service.close());

beforeEach(async () => {
  payments = new Map();
  consultations = new Map();
  whileAsked = async () => {};
  // Each test's bookings are those of the last hour.
  service.clock.advance(24 * HOUR_MS);
});

const fromNow = (ms: number) => new Date(service.clock.now().getTime() + ms);

const LICENSED_DOCTOR = `INSERT IGNORE INTO doctors (id, display_name, specialty, bio, languages, time_zone, fee_minor,
    hidden, version, create_time, licensed_until)
  VALUES (?, 'Dora', 'Cardiology', '', '[]', 'UTC', 0, FALSE, 1, ?, '9999-12-31')`;

/** A booking for tomorrow as it is after its events were delivered, with its slot. */
async function makeBooking(
  status: BookingRow["status"],
  more: Partial<BookingRow> = {},
): Promise<BookingRow> {
  const [startTime, endTime] = [fromNow(24 * HOUR_MS), fromNow(24 * HOUR_MS + 30 * MINUTE_MS)];
  const row: BookingRow = {
    id: newId(),
    slotId: newId(),
    doctorId: newId(),
    doctorName: null,
    patientId: newId(),
    patientName: null,
    consultationId: newId(),
    paymentId: newId(),
    status,
    startTime,
    endTime,
    feeCurrency: FEE.currencyCode,
    feeMinor: FEE.amountMinor,
    reason: null,
    holdExpireTime: fromNow(15 * MINUTE_MS),
    sequence: 0,
    version: 1,
    createTime: service.clock.now(),
    started: 0,
    cancelTime: null,
    cancelledBy: null,
    cancelReason: null,
    feeDecision: null,
    patientRegion: "",
    movedBy: null,
    moveTime: null,
    previousStartTime: null,
    movePending: 0,
    ...NOT_CLOSED,
    ...more,
  };
  const slot = { id: row.slotId, doctorId: row.doctorId, startTime, endTime, fee: FEE };
  await app.db.transaction(async (tx) => {
    tx.defer(LICENSED_DOCTOR, [binaryId(row.doctorId), service.clock.now()]);
    insertSlots(tx, [{ ...slot, status: "OPEN" }]);
    insertBookings(tx, [row]);
  });
  return row;
}

const pay = ({ id, paymentId, consultationId }: BookingRow, more: Partial<PaymentSnapshot> = {}) =>
  payments.set(
    paymentId!,
    PaymentSnapshot.fromPartial({
      paymentId: paymentId!,
      bookingId: id,
      consultationId,
      status: "AUTHORIZED",
      amount: FEE,
      version: 3,
      ...more,
    }),
  );

const meet = (row: BookingRow, more: Partial<ConsultationSnapshot> = {}) =>
  consultations.set(
    row.consultationId,
    ConsultationSnapshot.fromPartial({
      consultationId: row.consultationId,
      bookingId: row.id,
      paymentId: row.paymentId ?? undefined,
      status: "SCHEDULED",
      startTime: row.startTime,
      endTime: row.endTime,
      version: 1,
      ...more,
    }),
  );

const reconcile = (mode: ReconcileOptions["mode"] = "REPAIR") =>
  reconcileBookings(app, snapshots, { from: fromNow(-HOUR_MS), to: fromNow(MINUTE_MS), mode });

const outboxOf = async ({ id }: BookingRow) => {
  const rows = await app.db.read<{ payload: Buffer; destination: string }>(
    "SELECT payload, destination FROM outbox WHERE aggregateid = ? ORDER BY id",
    [id],
  );
  return rows.map(({ payload, destination }) => ({ destination, event: Event.decode(payload) }));
};

const auditOf = async ({ id }: BookingRow) =>
  (
    await app.db.read<{ action: string; actorId: string }>(
      "SELECT action, actor_id AS actorId FROM audit_events WHERE resource = ? ORDER BY id",
      [`bookings/${id}`],
    )
  ).map(({ action, actorId }) => `${action} by ${actorId}`);

const versionOf = async ({ id }: BookingRow) => (await findBooking(app.db, id))!.version;

test("all agree: nothing is found, nothing is changed", async () => {
  const row = await makeBooking("CONFIRMED");
  pay(row);
  meet(row);
  expect(await reconcile()).toMatchObject({ compared: 1, inFlight: 0, findings: [] });
  expect(await versionOf(row)).toBe(1);
});

test("a confirmed booking without a consultation is told again, under the next version", async () => {
  const row = await makeBooking("CONFIRMED");
  pay(row);
  const { findings } = await reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "CONSULTATION_MISSING", outcome: "REPAIRED" }]);
  const told = await outboxOf(row);
  expect(told).toMatchObject([
    {
      destination: "clinical",
      event: {
        type: "booking.confirmed",
        version: 2,
        state: { value: { consultationId: row.consultationId, startTime: row.startTime } },
      },
    },
  ]);
  expect(await versionOf(row)).toBe(2);
  expect(await auditOf(row)).toEqual(["booking.reconcile by service:scheduling"]);
});

test("what was told is not told twice: while it is on its way nothing is judged", async () => {
  const row = await makeBooking("CONFIRMED");
  pay(row);
  await reconcile();
  expect(await reconcile()).toMatchObject({ compared: 1, inFlight: 1, findings: [] });
  expect(await outboxOf(row)).toHaveLength(1);
});

test.each(["payment", "consultation"])("an event of the %s on its way holds the judgement up", async (of) => {
  const row = await makeBooking("PENDING_PAYMENT");
  pay(row, { inFlight: of === "payment" });
  if (of === "consultation") meet(row, { inFlight: true });
  expect(await reconcile()).toMatchObject({ inFlight: 1, findings: [] });
});

test("a report changes nothing", async () => {
  const row = await makeBooking("CONFIRMED");
  pay(row);
  const { findings } = await reconcile("REPORT");
  expect(findings).toEqual([{ bookingId: row.id, kind: "CONSULTATION_MISSING", outcome: "LEFT" }]);
  expect(await outboxOf(row)).toEqual([]);
});

test("a booking that changes while it is compared is left to the next look", async () => {
  const row = await makeBooking("CONFIRMED");
  pay(row);
  whileAsked = () =>
    app.db.transaction(async (tx) => {
      const locked = (await lockBooking(tx, row.id))!;
      saveBooking(tx, { ...locked, version: locked.version + 1 }, service.clock.now());
    });
  expect((await reconcile()).findings).toEqual([]);
  expect(await outboxOf(row)).toEqual([]);
});

test("of two who repair at once, one does", async () => {
  const row = await makeBooking("CONFIRMED");
  pay(row);
  const reports = await Promise.all([reconcile(), reconcile(), reconcile()]);
  const outcomes = reports.flatMap(({ findings }) => findings.map(({ outcome }) => outcome));
  expect(outcomes.filter((outcome) => outcome === "REPAIRED")).toHaveLength(1);
  expect(await outboxOf(row)).toHaveLength(1);
});

test("an event that was refused too often is for people: no more are sent", async () => {
  const row = await makeBooking("CONFIRMED");
  pay(row);
  await reconcile();
  await app.db.write("UPDATE outbox SET dead = TRUE WHERE aggregateid = ?", [row.id]);
  const { findings } = await reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "CONSULTATION_MISSING", outcome: "LEFT" }]);
  expect(await outboxOf(row)).toHaveLength(1);
});

test("an authorization that was not heard of confirms the booking, and is not heard again", async () => {
  const row = await makeBooking("PENDING_PAYMENT");
  pay(row, { authorizeTime: service.clock.now() });
  const { findings } = await reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "PAYMENT_NOT_HEARD", outcome: "REPAIRED" }]);
  expect(await findBooking(app.db, row.id)).toMatchObject({ status: "CONFIRMED", version: 2 });
  expect(await auditOf(row)).toEqual([
    "booking.reconcile by service:scheduling",
    "booking.confirm by service:scheduling",
  ]);

  // The booking ends otherwise, and then the event comes after all.
  await app.db.write("UPDATE bookings SET status = 'EXPIRED' WHERE id = ?", [binaryId(row.id)]);
  const inbox = new Inbox(app.transactions, consumersOf(app), app.clock, app.log);
  const event = Event.fromPartial({
    id: newId(),
    type: "payment.authorized",
    aggregateId: row.paymentId!,
    version: 3,
    occurTime: service.clock.now(),
    state: { $case: "payment", value: { bookingId: row.id } },
  });
  const billing = { kind: "service", name: "billing" } as const;
  await invoke(EventServiceService.deliverEvents, inbox.deliverEvents, billing, { events: [event] });
  expect(await findBooking(app.db, row.id)).toMatchObject({ status: "EXPIRED", version: 2 });
});

test("a consultation that ended unheard, long after the booking's last change, closes the booking", async () => {
  const row = await makeBooking("CONFIRMED");
  pay(row, { status: "CAPTURED", feeDecision: "CHARGE" });
  meet(row, { status: "COMPLETED", version: 4 });
  service.clock.advance(UNTIL_CLOSED_MS);
  const { findings } = await reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "CONSULTATION_NOT_HEARD", outcome: "REPAIRED" }]);
  expect(await findBooking(app.db, row.id)).toMatchObject({ status: "COMPLETED" });
});

test("a confirmed booking that nobody came to, or closed, is reported", async () => {
  const row = await makeBooking("CONFIRMED");
  pay(row, { status: "CAPTURED", feeDecision: "CHARGE" });
  meet(row);
  expect((await reconcile()).findings).toEqual([]);
  service.clock.advance(UNTIL_CLOSED_MS);
  const { findings } = await reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "CONSULTATION_NOT_CLOSED", outcome: "LEFT" }]);
  expect(await versionOf(row)).toBe(1);
});

test("what took place unheard at its old time, as it began while its booking was moved, gives the new slot back", async () => {
  const row = await makeBooking("CONFIRMED");
  await app.db.write("UPDATE slots SET status = 'BOOKED', booking_id = ? WHERE id = ?", [
    binaryId(row.id),
    binaryId(row.slotId),
  ]);
  const [startTime, endTime] = [fromNow(-30 * MINUTE_MS), service.clock.now()];
  pay(row, { status: "CAPTURED", feeDecision: "CHARGE" });
  meet(row, { status: "COMPLETED", startTime, endTime, version: 3 });
  const { findings } = await reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "CONSULTATION_NOT_HEARD", outcome: "REPAIRED" }]);
  const back = { status: "COMPLETED", startTime, endTime, sequence: 1 };
  expect(await findBooking(app.db, row.id)).toMatchObject(back);
  expect(await findSlot(app.db, row.slotId)).toMatchObject({ status: "OPEN", bookingId: null });
  expect((await reconcile()).findings).toEqual([]);
});

test.each<[string, Partial<ConsultationSnapshot>]>([
  ["a breaking off", { status: "ABANDONED", brokenOff: true }],
  ["an absence of the doctor", { status: "NO_SHOW", noShowParty: "DOCTOR" }],
])("%s that crossed a late cancellation unheard is taken in, and then all agree", async (_, end) => {
  const cancelled = { cancelledBy: "PATIENT", feeDecision: "CHARGE" } as const;
  const row = await makeBooking("CANCELLED");
  await app.db.transaction(async (tx) => {
    saveBooking(tx, { ...row, ...cancelled, version: 2 }, service.clock.now());
  });
  pay(row, { status: "VOIDED", feeDecision: "RELEASE" });
  meet(row, { ...end, version: 3 });
  const { findings } = await reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "CONSULTATION_NOT_HEARD", outcome: "REPAIRED" }]);
  expect(await findBooking(app.db, row.id)).toMatchObject({
    cancelledBy: "PATIENT",
    feeDecision: "RELEASE",
  });
  expect((await reconcile()).findings).toEqual([]);
});

test.each<[string, Partial<ConsultationSnapshot>, string[]]>([
  ["accepted by a waiting patient, event lost", { status: "WAITING" }, ["booking.move_accepted"]],
  ["that clinical missed", {}, ["booking.rescheduled"]],
])("a move %s: both agree again", async (_, snapshot, told) => {
  const row = await makeBooking("CONFIRMED");
  await app.db.transaction(async (tx) => {
    const moved = {
      movedBy: "DOCTOR",
      moveTime: row.createTime,
      previousStartTime: row.startTime,
    } as const;
    saveBooking(tx, { ...row, ...moved, movePending: 1, version: 2 }, service.clock.now());
  });
  pay(row);
  meet(row, { ...snapshot, version: 3 });
  const { findings } = await reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "MOVE_ACCEPTANCE_DIFFERS", outcome: "REPAIRED" }]);
  expect((await outboxOf(row)).map(({ event }) => event.type)).toEqual(told);
  const isAccepted = snapshot.status === "WAITING";
  expect(await findBooking(app.db, row.id)).toMatchObject({ movePending: isAccepted ? 0 : 1, version: 3 });
});

test("a consultation that took place while its booking was cancelled is nothing to report", async () => {
  const row = await makeBooking("CANCELLED");
  pay(row, { status: "VOIDED", feeDecision: "RELEASE" });
  meet(row, { status: "COMPLETED", version: 3 });
  expect((await reconcile()).findings).toEqual([]);
});

test("what policy does not allow is only reported", async () => {
  const row = await makeBooking("CONFIRMED");
  pay(row, { status: "VOIDED" });
  meet(row);
  const { findings } = await reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "PAYMENT_NOT_SECURED", outcome: "LEFT" }]);
  expect(await versionOf(row)).toBe(1);
});

/** Writes as MySQL's root, of two bookings with payments and consultations, and the findings of the first. */
const REDIRECTIONS: [string, set: string, findings: string[]][] = [
  [
    "payment_id to another's",
    "b.payment_id = o.payment_id",
    ["PAYMENT_IDS_DIFFER", "CONSULTATION_IDS_DIFFER"],
  ],
  [
    "consultation_id to another's",
    "b.consultation_id = o.consultation_id",
    ["PAYMENT_IDS_DIFFER", "CONSULTATION_IDS_DIFFER"],
  ],
  [
    "both ids to another's",
    "b.payment_id = o.payment_id, b.consultation_id = o.consultation_id",
    ["PAYMENT_IDS_DIFFER", "CONSULTATION_IDS_DIFFER"],
  ],
  ["payment_id to none that exists", "b.payment_id = o.id", ["CONSULTATION_IDS_DIFFER"]],
  ["consultation_id to none that exists", "b.consultation_id = o.id", ["PAYMENT_IDS_DIFFER"]],
  ["payment_id to nothing", "b.payment_id = NULL", ["PAYMENT_ID_MISSING", "CONSULTATION_IDS_DIFFER"]],
  [
    "payment_id to nothing, with the fee",
    "b.payment_id = NULL, b.fee_currency = NULL, b.fee_minor = 0",
    ["CONSULTATION_IDS_DIFFER"],
  ],
  ["its fee to nothing", "b.fee_currency = NULL, b.fee_minor = 0", ["PAYMENT_AMOUNT_DIFFERS"]],
];

test.each(REDIRECTIONS)(
  "a booking that a writer of the database redirected, %s, is reported",
  async (_, set, kinds) => {
    const [row, other] = [await makeBooking("CONFIRMED"), await makeBooking("CONFIRMED")];
    for (const one of [row, other]) {
      pay(one);
      meet(one);
    }
    await app.db.write(
      `UPDATE bookings b JOIN bookings o ON o.id = ? SET ${set} WHERE b.id = ?`,
      [other.id, row.id].map(binaryId),
    );
    const { findings } = await reconcile();
    expect(findings).toEqual(kinds.map((kind) => ({ bookingId: row.id, kind, outcome: "LEFT" })));
    expect(await outboxOf(row)).toEqual([]);
    expect(await versionOf(row)).toBe(1);
  },
);

test("another's authorized payment confirms no booking that was redirected to it", async () => {
  const [row, paid] = [await makeBooking("PENDING_PAYMENT"), await makeBooking("CONFIRMED")];
  pay(paid, { authorizeTime: service.clock.now() });
  meet(paid);
  await app.db.write(
    "UPDATE bookings SET payment_id = ? WHERE id = ?",
    [paid.paymentId, row.id].map(binaryId),
  );
  const { findings } = await reconcile();
  expect(findings).toEqual([{ bookingId: row.id, kind: "PAYMENT_IDS_DIFFER", outcome: "LEFT" }]);
  expect(await findBooking(app.db, row.id)).toMatchObject({ status: "PENDING_PAYMENT", version: 1 });
});

test("every booking is compared once, also where many changed in the same millisecond", async () => {
  const row = await makeBooking("EXPIRED", { paymentId: null, ...FREE });
  await app.db.transaction(async (tx) => {
    const others = Array.from({ length: 449 }, () => ({ ...row, id: newId(), consultationId: newId() }));
    insertBookings(tx, others);
  });
  expect(await reconcile()).toMatchObject({ compared: 450, findings: [] });
});

test("regularly: what is younger than the grace, or was on its way, is seen the next time", async () => {
  const run = reconcileRegularly(app, snapshots, GRACE_MS);
  await run();
  const row = await makeBooking("CONFIRMED");
  pay(row, { inFlight: true });
  await run();
  expect(await outboxOf(row)).toEqual([]);
  service.clock.advance(2 * GRACE_MS);
  await run();
  expect(await outboxOf(row)).toEqual([]);
  pay(row);
  service.clock.advance(2 * GRACE_MS);
  await run();
  expect(await outboxOf(row)).toHaveLength(1);
});

test("regularly: while another service is away, nothing is skipped", async () => {
  const run = reconcileRegularly(
    app,
    {
      ...snapshots,
      payments: (ids) => (isAway ? Promise.reject(new Error("away")) : snapshots.payments(ids)),
    },
    GRACE_MS,
  );
  let isAway = false;
  await run();
  const row = await makeBooking("CONFIRMED");
  pay(row);
  isAway = true;
  service.clock.advance(2 * GRACE_MS);
  await expect(run()).rejects.toThrow("away");
  isAway = false;
  service.clock.advance(2 * GRACE_MS);
  await run();
  expect(await outboxOf(row)).toHaveLength(1);
});

test("regularly: the metrics tell when bookings were last compared, and that they never were", async () => {
  const readMetrics = startMetrics("scheduling");
  const lastRun = async () =>
    Number(/^reconciliation_last_run(?:\{.*\})? (\S+)$/m.exec(await readMetrics())?.[1]);
  const now = () => service.clock.now().getTime() / 1000;
  let isAway = true;
  const run = reconcileRegularly(
    app,
    {
      ...snapshots,
      payments: (ids) => (isAway ? Promise.reject(new Error("away")) : snapshots.payments(ids)),
    },
    GRACE_MS,
  );
  pay(await makeBooking("CONFIRMED"));
  service.clock.advance(2 * GRACE_MS);
  await expect(run()).rejects.toThrow("away");
  expect(await lastRun()).toBe(0);
  isAway = false;
  await run();
  expect(await lastRun()).toBe(now());
});
