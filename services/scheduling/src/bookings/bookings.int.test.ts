import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { Changes } from "@medconnect/platform/changes.ts";
import type { Clock } from "@medconnect/platform/clock.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { Idempotency } from "@medconnect/platform/idempotency.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids.ts";
import {
  invoke,
  startTestService,
  type TestService,
  userCaller,
} from "@medconnect/platform/testing/test-service.ts";
import { type ConsultationState_Party, Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import {
  type Booking,
  BookingServiceService,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { Doctor, DoctorServiceService } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";
import { SlotServiceService } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import type { Scheduling } from "../app.ts";
import { createDoctor } from "../doctors/create-doctor.ts";
import { applyUserEvent } from "../people/apply-user-event.ts";
import { changeSlot } from "../slots/change-slot.ts";
import { batchCreateSlots, createSlot } from "../slots/create-slots.ts";
import { getSlot } from "../slots/read-slots.ts";
import { applyConsultationEvent } from "./apply-consultation-events.ts";
import { applyPaymentAuthorized } from "./apply-payment-events.ts";
import { bookSlot } from "./book-slot.ts";
import { cancelBooking } from "./cancel-booking.ts";
import { sweepHolds } from "./expire-bookings.ts";
import { getBooking, listBookings } from "./read-bookings.ts";
import { rescheduleBooking } from "./reschedule-booking.ts";

const MINUTE_MS = 60_000;
const HOLD_MS = 15 * MINUTE_MS;
const ROUTES = {
  "booking.rescheduled": ["clinical"],
  "booking.held": ["billing"],
  "booking.expired": ["billing"],
  "booking.payment_refused": ["billing"],
};

let service: TestService;
let app: Scheduling;
let doctor: Caller & { userId: string };
let patient: Caller & { userId: string };

beforeAll(async () => {
  service = await startTestService("scheduling", ROUTES);
  app = { ...service, holdMs: HOLD_MS, cancelCutoffMs: 24 * 60 * MINUTE_MS };
});
afterAll(() => service.close());

beforeEach(async () => {
  doctor = userCaller("DOCTOR");
  patient = userCaller("PATIENT");
});

async function publish(amountMinor: number): Promise<void> {
  const profile = Doctor.fromPartial({
    licenseNumber: `L${doctor.userId.slice(-12)}`,
    specialty: "cardiology",
    fee: { currencyCode: "USD", amountMinor },
  });
  await invoke(DoctorServiceService.createDoctor, createDoctor(app), doctor, {
    doctor: profile,
    idempotencyKey: "",
  });
}

const at = (minutes: number) => new Date(service.clock.now().getTime() + minutes * MINUTE_MS);

const offer = async (startMinutes: number, length = 30) => {
  const request = {
    doctorId: doctor.userId,
    startTime: at(startMinutes),
    endTime: at(startMinutes + length),
  };
  return (
    await invoke(SlotServiceService.createSlot, createSlot(app), doctor, { ...request, idempotencyKey: "" })
  ).response;
};

const book = (
  slotId: string,
  by: Caller = patient,
  idempotencyKey: string = newId(),
  on = app,
  reason = "headache",
) =>
  invoke(BookingServiceService.createBooking, bookSlot(on), by, {
    slotId,
    reason,
    idempotencyKey,
  });

const read = async (bookingId: string, by: Caller = patient) =>
  (await invoke(BookingServiceService.getBooking, getBooking(app), by, { bookingId })).response;

const slotStatus = async (slotId: string) =>
  (await invoke(SlotServiceService.getSlot, getSlot(app), doctor, { slotId })).response.status;

const outcome = (result: PromiseSettledResult<unknown>) =>
  result.status === "fulfilled" ? "ok" : (result.reason as { reason: string }).reason;

/** What billing sends when a payment was authorized. */
const authorized = (bookingId: string, on = app) =>
  on.changes.applyInternally("service:billing", (tx) =>
    applyPaymentAuthorized(on)(tx, [
      Event.fromPartial({ aggregateId: newId(), version: 1, payment: { bookingId, authorizeTime: at(0) } }),
    ]),
  );

const outboxTypes = async (aggregateId: string) => {
  const rows = await app.db.read<{ type: string }>(
    "SELECT type FROM outbox WHERE aggregateid = ? ORDER BY id",
    [aggregateId],
  );
  return rows.map((row) => row.type);
};

test("of many patients who book one slot at once exactly one gets it", async () => {
  await publish(0);
  const slot = await offer(60);
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, () => book(slot.id, userCaller("PATIENT"))),
  );
  const outcomes = results.map(outcome).sort();
  expect(outcomes).toEqual([...Array(49).fill("SLOT_UNAVAILABLE"), "ok"]);
});

test("one patient cannot hold two bookings that overlap, even when both are tried at once", async () => {
  await publish(0);
  const first = await offer(60);
  const other = userCaller("DOCTOR");
  const mine = doctor;
  doctor = other;
  await publish(0);
  const second = await offer(75);
  doctor = mine;
  for (let round = 0; round < 5; round++) {
    const someone = userCaller("PATIENT");
    const results = await Promise.allSettled([book(first.id, someone), book(second.id, someone)]);
    const won = results.filter((result) => result.status === "fulfilled");
    expect(won).toHaveLength(1);
    expect(results.map(outcome)).toContain("PATIENT_OVERLAP");
    for (const { value } of won as PromiseFulfilledResult<Awaited<ReturnType<typeof book>>>[]) {
      const { id } = value.response;
      await invoke(BookingServiceService.cancelBooking, cancelBooking(app), someone, {
        bookingId: id,
        reason: "",
        idempotencyKey: "",
      });
    }
  }
});

test("the same key many times at once makes one booking, and every answer is the first", async () => {
  await publish(0);
  const slot = await offer(60);
  const results = await Promise.all(Array.from({ length: 30 }, () => book(slot.id, patient, "once")));
  expect(new Set(results.map(({ response }) => JSON.stringify(response))).size).toBe(1);
  expect(results.filter(({ replayed }) => !replayed)).toHaveLength(1);
});

test("a refusal is kept with its key, and a key is not good for another request", async () => {
  await publish(0);
  const slot = await offer(60);
  await book(slot.id, userCaller("PATIENT"));
  await expect(book(slot.id, patient, "refused")).rejects.toMatchObject({ reason: "SLOT_UNAVAILABLE" });
  const other = await offer(120);
  await expect(book(other.id, patient, "refused")).rejects.toMatchObject({
    reason: "IDEMPOTENCY_KEY_REUSED",
  });
});

test("a paid slot is held until the hold ends, then it is open to others at once, without the sweeper", async () => {
  await publish(5000);
  const slot = await offer(120);
  const { response: held } = await book(slot.id);
  expect(held).toMatchObject({ status: "PENDING_PAYMENT", fee: { currencyCode: "USD", amountMinor: 5000 } });
  await expect(book(slot.id, userCaller("PATIENT"))).rejects.toMatchObject({ reason: "SLOT_UNAVAILABLE" });

  service.clock.advance(HOLD_MS);
  expect(await slotStatus(slot.id)).toBe("OPEN");
  expect((await read(held.id)).status).toBe("EXPIRED");
  await book(slot.id, userCaller("PATIENT"));
  expect(await outboxTypes(held.id)).toEqual(["booking.held", "booking.expired"]);
});

test("the sweeper ends an unpaid hold once, and tells billing", async () => {
  await publish(5000);
  const slot = await offer(120);
  const { response: held } = await book(slot.id);
  service.clock.advance(HOLD_MS);
  await sweepHolds(app)();
  await sweepHolds(app)();
  expect(await outboxTypes(held.id)).toEqual(["booking.held", "booking.expired"]);
  expect(await slotStatus(slot.id)).toBe("OPEN");
});

test("a payment in time confirms the booking", async () => {
  await publish(5000);
  const slot = await offer(120);
  const { response: held } = await book(slot.id);
  await authorized(held.id);
  await authorized(held.id);
  expect((await read(held.id)).status).toBe("CONFIRMED");
  expect(await slotStatus(slot.id)).toBe("BOOKED");
});

test("a late payment confirms where the slot is still free, and is refused where it is taken", async () => {
  await publish(5000);
  const slot = await offer(120);
  const { response: late } = await book(slot.id);
  service.clock.advance(HOLD_MS);
  await sweepHolds(app)();
  await authorized(late.id);
  expect((await read(late.id)).status).toBe("CONFIRMED");

  const taken = await offer(180);
  const { response: lost } = await book(taken.id, userCaller("PATIENT"));
  service.clock.advance(HOLD_MS);
  await book(taken.id, userCaller("PATIENT"));
  await authorized(lost.id);
  expect(await outboxTypes(lost.id)).toEqual(["booking.held", "booking.expired", "booking.payment_refused"]);
});

/** Runs a change up to its commit, and commits when told to. */
function pausedBeforeCommit(change: (app: Scheduling) => Promise<unknown>, clock: Clock = service.clock) {
  const { promise: isPaused, resolve: pause } = Promise.withResolvers<void>();
  const { promise: isToCommit, resolve: commit } = Promise.withResolvers<void>();
  const db: Pick<Database, "transaction"> = {
    transaction: (work, mayRetry) =>
      service.db.transaction(async (tx) => {
        const result = await work(tx);
        // Sends what was put off, too.
        await tx.read("SELECT 1");
        pause();
        await isToCommit;
        return result;
      }, mayRetry),
  };
  const idempotency = new Idempotency(service.db, service.box, service.hash);
  const relay = { send: async () => {} };
  const changes = new Changes({ db: db as Database, clock, idempotency, relay, routes: ROUTES });
  const done = change({ ...app, clock, changes });
  return { done, isPaused, commit };
}

/** InnoDB answers from what it read before while it is asked more often than every 100 ms. */
const INNODB_TRX_CACHED_MS = 150;

/** Resolves when the change is done, or waits for a lock. */
async function doneOrWaiting(done: Promise<unknown>): Promise<void> {
  let isDone = false;
  const note = () => {
    isDone = true;
  };
  done.then(note, note);
  const isWaiting = async () => {
    const waiting = await service.db.read(
      `SELECT 1 FROM information_schema.innodb_trx t
       JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
       WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()`,
    );
    return waiting.length > 0;
  };
  while (!isDone && !(await isWaiting())) await delay(INNODB_TRX_CACHED_MS);
}

/** A paid slot that the patient holds, and one of another doctor's at the same time. */
async function holdAndOverlap() {
  await publish(5000);
  const { response: held } = await book((await offer(120)).id);
  doctor = userCaller("DOCTOR");
  await publish(0);
  return { held, other: await offer(135) };
}

test("a patient does not get a second booking while the payment of a hold that ends is not committed yet", async () => {
  const { held, other } = await holdAndOverlap();
  const payment = pausedBeforeCommit((paused) => authorized(held.id, paused));
  await payment.isPaused;
  service.clock.advance(HOLD_MS);
  const second = book(other.id);
  await doneOrWaiting(second);
  payment.commit();
  await payment.done;
  await expect(second).rejects.toMatchObject({ reason: "PATIENT_OVERLAP" });
  expect((await read(held.id)).status).toBe("CONFIRMED");
});

test("a payment that waits while its hold ends and the patient books another time is refused", async () => {
  const { held, other } = await holdAndOverlap();
  const atEndOfHold = { now: () => held.holdExpireTime! };
  const second = pausedBeforeCommit((paused) => book(other.id, patient, newId(), paused), atEndOfHold);
  await second.isPaused;
  const payment = authorized(held.id);
  await doneOrWaiting(payment);
  service.clock.advance(HOLD_MS);
  second.commit();
  await Promise.all([second.done, payment]);
  expect((await read(held.id)).status).toBe("EXPIRED");
  expect(await outboxTypes(held.id)).toEqual(["booking.held", "booking.payment_refused"]);
});

const cancel = (bookingId: string, by: Caller, on = app, reason = "flu", idempotencyKey = "") =>
  invoke(BookingServiceService.cancelBooking, cancelBooking(on), by, {
    bookingId,
    reason,
    idempotencyKey,
  });

test("a cancelled booking opens its slot again; others cannot tell that it exists", async () => {
  await publish(0);
  const slot = await offer(60);
  const { response: booking } = await book(slot.id);
  await expect(cancel(booking.id, userCaller("PATIENT"))).rejects.toMatchObject({
    reason: "NOT_FOUND",
    isDenial: true,
  });
  const { response } = await cancel(booking.id, patient);
  expect(response).toMatchObject({ status: "CANCELLED", cancelledBy: "PATIENT", cancelReason: "flu" });
  expect(await slotStatus(slot.id)).toBe("OPEN");
  expect((await cancel(booking.id, patient)).response).toEqual(response);
});

test("an admin sees no reasons, and a doctor's reading of one is audited", async () => {
  await publish(0);
  const slot = await offer(60);
  const { response: booking } = await book(slot.id);
  expect((await read(booking.id, userCaller("ADMIN"))).reason).toBe("");
  expect((await read(booking.id, doctor)).reason).toBe("headache");
  expect(await readsBy(doctor)).toBe(1);
});

test("an answer that is given again is in the audit trail as a read, as it shows the reason", async () => {
  await publish(0);
  const { response: booking } = await book((await offer(60)).id);
  const key = newId();
  for (let i = 0; i < 3; i++) await cancel(booking.id, doctor, app, "flu", key);
  expect(await readsBy(doctor)).toBe(2);
});

/** How often a caller has read a booking, as the audit trail has it. */
const readsBy = async ({ userId }: { userId: string }) =>
  (await app.db.read("SELECT id FROM audit_events WHERE action = 'booking.get' AND actor_id = ?", [userId]))
    .length;

test("who cancels or moves a booking again reads it: a doctor what the patient wrote, an admin whose it is", async () => {
  await publish(0);
  const admin = userCaller("ADMIN");
  const to = await offer(50 * 60);
  const { response: moved } = await book((await offer(48 * 60)).id);
  for (const reads of [0, 1, 2]) {
    expect((await reschedule(moved.id, to.id, doctor)).response.reason).toBe("headache");
    expect(await readsBy(doctor)).toBe(reads);
  }
  const slot = await offer(60);
  for (const by of [doctor, admin, patient]) {
    const { response: booking } = await book(slot.id);
    const before = await readsBy(by);
    await cancel(booking.id, by);
    expect(await readsBy(by)).toBe(before);
    await cancel(booking.id, by);
    expect(await readsBy(by)).toBe(by === patient ? before : before + 1);
  }
});

test("a doctor's reading of why a patient cancelled is audited, also where nobody said why it was booked", async () => {
  await publish(0);
  const { response: booking } = await book((await offer(60)).id, patient, newId(), app, "");
  await read(booking.id, doctor);
  expect(await readsBy(doctor)).toBe(0);
  await cancel(booking.id, patient, app, "a rash");
  expect((await read(booking.id, doctor)).cancelReason).toBe("a rash");
  expect(await readsBy(doctor)).toBe(1);
});

test("reasons lie encrypted in the database", async () => {
  await publish(0);
  const { response } = await book((await offer(60)).id);
  const [row] = await app.db.read<{ reason: Buffer }>("SELECT reason FROM bookings WHERE id = ?", [
    response.id,
  ]);
  expect(row!.reason.includes("headache")).toBe(false);
});

test("a doctor's slots never overlap, however many are offered at once", async () => {
  await publish(0);
  const starts = Array.from({ length: 40 }, (_, i) => 60 + i * 10);
  const results = await Promise.allSettled(starts.map((start) => offer(start)));
  const made = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  expect(new Set(results.map(outcome))).toEqual(new Set(["ok", "SLOT_OVERLAP"]));
  const sorted = made.toSorted((a, b) => a.startTime!.getTime() - b.startTime!.getTime());
  for (const [i, slot] of sorted.entries()) {
    if (i > 0) expect(slot.startTime! >= sorted[i - 1]!.endTime!).toBe(true);
  }
});

test("a batch of slots is all or nothing", async () => {
  await publish(0);
  await offer(60);
  const slots = [0, 60, 120].map((start) => ({ startTime: at(start + 10), endTime: at(start + 40) }));
  const batch = invoke(SlotServiceService.batchCreateSlots, batchCreateSlots(app), doctor, {
    doctorId: doctor.userId,
    slots,
    idempotencyKey: "",
  });
  await expect(batch).rejects.toMatchObject({ reason: "SLOT_OVERLAP" });
  const rows = await app.db.read("SELECT id FROM slots WHERE doctor_id = ?", [doctor.userId]);
  expect(rows).toHaveLength(1);
});

test("a slot whose hold has ended can be blocked, and its booking ends", async () => {
  await publish(5000);
  const slot = await offer(120);
  const { response: held } = await book(slot.id);
  const block = () =>
    invoke(SlotServiceService.blockSlot, changeSlot(app, "block"), doctor, {
      slotId: slot.id,
      idempotencyKey: "",
    });
  await expect(block()).rejects.toMatchObject({ reason: "SLOT_HAS_BOOKING" });
  service.clock.advance(HOLD_MS);
  expect((await block()).response.status).toBe("BLOCKED");
  expect(await outboxTypes(held.id)).toEqual(["booking.held", "booking.expired"]);
});

test("bookings are listed page by page, none lost and none twice", async () => {
  await publish(0);
  const slots = [];
  for (let i = 0; i < 7; i++) slots.push(await offer(60 + i * 30));
  for (const slot of slots) await book(slot.id);
  const list = async (pageToken: string, status: "CONFIRMED" | "CANCELLED" = "CONFIRMED") =>
    (
      await invoke(BookingServiceService.listBookings, listBookings(app), patient, {
        pageSize: 3,
        pageToken,
        status,
        doctorId: "",
        patientId: "",
        startTime: undefined,
        endTime: undefined,
      })
    ).response;
  const seen: string[] = [];
  let token = "";
  do {
    const page = await list(token);
    seen.push(...page.bookings.map((booking) => booking.slotId));
    token = page.nextPageToken;
    if (token) await expect(list(token, "CANCELLED")).rejects.toMatchObject({ reason: "INVALID_PAGE_TOKEN" });
  } while (token);
  expect(seen).toEqual(slots.map((slot) => slot.id).reverse());
});

const reschedule = (bookingId: string, slotId: string, by: Caller = patient) =>
  invoke(BookingServiceService.rescheduleBooking, rescheduleBooking(app), by, {
    bookingId,
    slotId,
    idempotencyKey: "",
  });

test("a moved booking keeps its id, counts its moves, and gives the old slot back", async () => {
  await publish(0);
  const from = await offer(48 * 60);
  const to = await offer(50 * 60);
  const { response: booking } = await book(from.id);
  const { response: moved } = await reschedule(booking.id, to.id);
  expect(moved).toMatchObject({ id: booking.id, slotId: to.id, startTime: to.startTime, sequence: 1 });
  expect([await slotStatus(from.id), await slotStatus(to.id)]).toEqual(["OPEN", "BOOKED"]);
  expect((await reschedule(booking.id, to.id)).response).toEqual(moved);
  expect(await outboxTypes(booking.id)).toEqual(["booking.rescheduled"]);
});

test("a booking can be moved to a slot that overlaps its own old one", async () => {
  await publish(0);
  const from = await offer(48 * 60, 30);
  const { response: booking } = await book(from.id);
  const to = await offer(48 * 60 + 30, 30);
  expect((await reschedule(booking.id, to.id)).response.sequence).toBe(1);
});

test.each([
  ["after the cut-off, by its patient", 60, 49 * 60, 0, "RESCHEDULE_TOO_LATE"],
  ["to a slot with another fee", 48 * 60, 49 * 60, 100, "FEE_DIFFERS"],
])("a booking is not moved %s", async (_, start, to, fee, reason) => {
  await publish(0);
  const { response: booking } = await book((await offer(start)).id);
  await app.db.write("UPDATE doctors SET fee_currency = 'USD', fee_minor = ? WHERE id = ?", [
    fee,
    doctor.userId,
  ]);
  const target = await offer(to);
  await expect(reschedule(booking.id, target.id)).rejects.toMatchObject({ reason });
  expect(await slotStatus(target.id)).toBe("OPEN");
});

test("of a booking that is moved to a slot and a patient who books it at once, one gets it", async () => {
  await publish(0);
  for (let round = 0; round < 5; round++) {
    const from = await offer(48 * 60 + round * 120);
    const to = await offer(49 * 60 + round * 120);
    const mover = userCaller("PATIENT");
    const { response: booking } = await book(from.id, mover);
    const results = await Promise.allSettled([
      reschedule(booking.id, to.id, mover),
      book(to.id, userCaller("PATIENT")),
    ]);
    expect(results.map(outcome).sort()).toEqual(["SLOT_UNAVAILABLE", "ok"]);
    const isMoved = results[0]?.status === "fulfilled";
    expect((await read(booking.id, mover)).slotId).toBe(isMoved ? to.id : from.id);
    expect(await slotStatus(from.id)).toBe(isMoved ? "OPEN" : "BOOKED");
  }
});

type Course = Parameters<typeof applyConsultationEvent>[1];

/** What clinical sends of a booking's consultation, which is at its own times. */
const tell = (
  type: Course,
  { id: bookingId, startTime, endTime }: Booking,
  noShowParty: ConsultationState_Party = "PARTY_UNSPECIFIED",
) =>
  app.changes.applyInternally("service:clinical", (tx) =>
    applyConsultationEvent(app, type)(tx, [
      Event.fromPartial({
        type,
        aggregateId: newId(),
        version: 2,
        consultation: { bookingId, startTime, endTime, noShowParty },
      }),
    ]),
  );

const CLOSED = { cancelledBy: undefined, settlement: null };
const BROKEN_OFF = { cancelledBy: "DOCTOR", settlement: "RETURN" };

test.each<[Course, object, string]>([
  ["consultation.started", { status: "CONFIRMED", ...CLOSED }, "BOOKING_STARTED"],
  ["consultation.completed", { status: "COMPLETED", ...CLOSED }, "ILLEGAL_TRANSITION"],
  ["consultation.no_show", { status: "NO_SHOW", ...CLOSED }, "ILLEGAL_TRANSITION"],
  ["consultation.abandoned", { status: "CANCELLED", ...BROKEN_OFF }, "ILLEGAL_TRANSITION"],
])("after %s a booking stands so, tells nobody, and cannot be cancelled", async (type, expected, reason) => {
  await publish(0);
  const slot = await offer(60);
  const { response: booking } = await book(slot.id);
  await tell(type, booking);
  const { status, cancelledBy } = await read(booking.id);
  const [row] = await app.db.read<object>("SELECT settlement FROM bookings WHERE id = ?", [booking.id]);
  expect({ status, cancelledBy, ...row }).toEqual(expected);
  await expect(cancel(booking.id, patient)).rejects.toMatchObject({ reason });
  // Its time is used up; and billing has heard of the end from clinical.
  expect(await slotStatus(slot.id)).toBe("BOOKED");
  expect(await outboxTypes(booking.id)).toEqual([]);
});

describe("a booking that is moved to next week while its consultation begins", () => {
  const NEXT_WEEK = 7 * 24 * 60;

  /** Moved by its doctor, just before its start. */
  async function moveAway() {
    await publish(0);
    const [now, later] = [await offer(10), await offer(NEXT_WEEK)];
    const { response: booking } = await book(now.id);
    await reschedule(booking.id, later.id, doctor);
    return { booking, now, later };
  }

  test.each<[Course, string]>([
    ["consultation.completed", "COMPLETED"],
    ["consultation.abandoned", "CANCELLED"],
  ])("%s: it goes back to the time that it was at, and gives the new slot back", async (type, status) => {
    const { booking, now, later } = await moveAway();
    await tell("consultation.started", booking);
    expect(await slotStatus(later.id)).toBe("BOOKED");
    await expect(reschedule(booking.id, now.id, doctor)).rejects.toMatchObject({ reason: "BOOKING_STARTED" });
    await tell(type, booking);
    const { startTime, endTime } = booking;
    expect(await read(booking.id)).toMatchObject({ status, startTime, endTime, sequence: 2 });
    expect(await slotStatus(later.id)).toBe("OPEN");
    expect((await book(later.id, userCaller("PATIENT"))).response.status).toBe("CONFIRMED");
  });

  test("where its end is heard of first, too; and who booked its old time keeps it", async () => {
    const { booking, now, later } = await moveAway();
    const { response: other } = await book(now.id, userCaller("PATIENT"));
    await tell("consultation.completed", booking);
    await tell("consultation.started", booking);
    expect(await read(booking.id)).toMatchObject({ status: "COMPLETED", startTime: booking.startTime });
    expect([await slotStatus(now.id), await slotStatus(later.id)]).toEqual(["BOOKED", "OPEN"]);
    expect((await read(other.id, doctor)).status).toBe("CONFIRMED");
  });

  test.each<ConsultationState_Party>(["PATIENT", "DOCTOR"])(
    "is not closed because the %s was not there at its old time",
    async (party) => {
      const { booking, later } = await moveAway();
      const moved = await read(booking.id);
      await tell("consultation.no_show", booking, party);
      expect(await read(booking.id)).toEqual(moved);
      expect(await slotStatus(later.id)).toBe("BOOKED");
      await tell("consultation.no_show", moved, party);
      expect(await read(booking.id)).toMatchObject({
        status: "NO_SHOW",
        startTime: later.startTime,
        sequence: 1,
      });
    },
  );

  test("where scheduling hears first that it has begun, it is not moved", async () => {
    await publish(0);
    const [now, later] = [await offer(10), await offer(NEXT_WEEK)];
    const { response: booking } = await book(now.id);
    await tell("consultation.started", booking);
    await expect(reschedule(booking.id, later.id, doctor)).rejects.toMatchObject({
      reason: "BOOKING_STARTED",
    });
    await tell("consultation.completed", booking);
    expect([await slotStatus(now.id), await slotStatus(later.id)]).toEqual(["BOOKED", "OPEN"]);
    expect(await read(booking.id)).toMatchObject({ status: "COMPLETED", sequence: 0 });
  });

  test("where it is held at its new time, the new slot is used up", async () => {
    const { booking, later } = await moveAway();
    await tell("consultation.completed", { ...booking, startTime: later.startTime, endTime: later.endTime });
    expect(await read(booking.id)).toMatchObject({ startTime: later.startTime, sequence: 1 });
    expect(await slotStatus(later.id)).toBe("BOOKED");
  });
});

test("a cancellation that came before the consultation's news stands", async () => {
  await publish(0);
  const { response: booking } = await book((await offer(60)).id);
  const { response: cancelled } = await cancel(booking.id, patient);
  await tell("consultation.abandoned", booking);
  expect(await read(booking.id)).toEqual(cancelled);
});

test.each<[string, Course, ConsultationState_Party]>([
  ["broke the consultation off", "consultation.abandoned", "PARTY_UNSPECIFIED"],
  ["did not come", "consultation.no_show", "DOCTOR"],
])("the fee of a late cancellation goes back where the doctor %s meanwhile", async (_, type, party) => {
  await publish(5000);
  const { response: booking } = await book((await offer(60)).id);
  await authorized(booking.id);
  await cancel(booking.id, patient);
  const settlement = async () =>
    await app.db.read("SELECT settlement, version FROM bookings WHERE id = ?", [booking.id]);
  expect(await settlement()).toEqual([{ settlement: "CAPTURE", version: 3 }]);
  await tell("consultation.completed", booking);
  await tell("consultation.no_show", booking, "PATIENT");
  expect(await settlement()).toEqual([{ settlement: "CAPTURE", version: 3 }]);
  await tell(type, booking, party);
  await tell(type, booking, party);
  expect(await settlement()).toEqual([{ settlement: "RETURN", version: 4 }]);
  expect(await read(booking.id)).toMatchObject({ status: "CANCELLED", cancelledBy: "PATIENT" });
});

/** What auth sends when an account was disabled, or enabled again. */
const account = ({ userId }: { userId: string }, disabled: boolean, on = app) =>
  on.changes.applyInternally("service:auth", (tx) =>
    applyUserEvent(on)(tx, [
      Event.fromPartial({
        aggregateId: userId,
        version: 1,
        user: { fullName: "Gregory", role: "DOCTOR", disabled },
      }),
    ]),
  );

/** What others than the doctor could still book. */
const claimable = async () =>
  await app.db.read(
    "SELECT id, status FROM slots WHERE doctor_id = ? AND start_time > ? AND status NOT IN ('WITHDRAWN')",
    [doctor.userId, service.clock.now()],
  );

test("a disabled doctor's bookings end with their money returned, and not one slot is open, however often it is told", async () => {
  await publish(5000);
  const [open, blocked, paid, held, ended] = [
    await offer(60),
    await offer(120),
    await offer(180),
    await offer(240),
    await offer(300),
  ];
  await invoke(SlotServiceService.blockSlot, changeSlot(app, "block"), doctor, {
    slotId: blocked.id,
    idempotencyKey: "",
  });
  const { response: unpaid } = await book(ended.id, userCaller("PATIENT"));
  service.clock.advance(HOLD_MS);
  const { response: confirmed } = await book(paid.id, userCaller("PATIENT"));
  await authorized(confirmed.id);
  const { response: pending } = await book(held.id);

  await account(doctor, true);
  await account(doctor, true);
  for (const slot of [open, blocked, paid, held, ended]) expect(await slotStatus(slot.id)).toBe("WITHDRAWN");
  const admin = userCaller("ADMIN");
  for (const { id } of [confirmed, pending]) {
    expect(await read(id, admin)).toMatchObject({ status: "CANCELLED", cancelledBy: "ADMIN" });
  }
  expect((await read(unpaid.id, admin)).status).toBe("EXPIRED");
  expect(await outboxTypes(unpaid.id)).toEqual(["booking.held", "booking.expired"]);
});

test.each(["cancelled", "paid"])(
  "a booking that is %s while its doctor is disabled leaves no slot open",
  async (way) => {
    await publish(way === "paid" ? 5000 : 0);
    const slot = await offer(60);
    const { response: booking } = await book(slot.id);
    const underWay = pausedBeforeCommit((paused) =>
      way === "paid" ? authorized(booking.id, paused) : cancel(booking.id, patient, paused),
    );
    await underWay.isPaused;
    const disabling = account(doctor, true);
    await doneOrWaiting(disabling);
    underWay.commit();
    await Promise.all([underWay.done, disabling]);
    expect(await claimable()).toEqual([]);
    expect((await read(booking.id)).status).toBe("CANCELLED");
  },
);

test("a slot whose hold has ended is not claimed past its doctor's being disabled", async () => {
  await publish(5000);
  const slot = await offer(60);
  await book(slot.id, userCaller("PATIENT"));
  service.clock.advance(HOLD_MS);
  const claim = pausedBeforeCommit((paused) => book(slot.id, patient, newId(), paused));
  await claim.isPaused;
  const disabling = account(doctor, true);
  await doneOrWaiting(disabling);
  claim.commit();
  const { response: booking } = (await claim.done) as Awaited<ReturnType<typeof book>>;
  await disabling;
  expect(await claimable()).toEqual([]);
  expect((await read(booking.id)).status).toBe("CANCELLED");
});

test("a late payment for a disabled doctor's slot is refused, also once they are enabled again", async () => {
  await publish(5000);
  const slot = await offer(120);
  const { response: late } = await book(slot.id);
  service.clock.advance(HOLD_MS);
  await book(slot.id, userCaller("PATIENT"));
  const other = await offer(180);
  const { response: later } = await book(other.id, userCaller("PATIENT"));
  await account(doctor, true);
  await authorized(late.id);
  await account(doctor, false);
  await authorized(later.id);
  const refused = ["booking.held", "booking.expired", "booking.payment_refused"];
  expect(await outboxTypes(late.id)).toEqual(refused);
  expect((await outboxTypes(later.id)).at(-1)).toBe("booking.payment_refused");
  expect(await claimable()).toEqual([]);
});

test("a hidden doctor's open slot, should there be one, is neither paid late nor booked", async () => {
  await publish(5000);
  const slot = await offer(120);
  const { response: late } = await book(slot.id);
  service.clock.advance(HOLD_MS);
  await sweepHolds(app)();
  await app.db.write("UPDATE doctors SET hidden = TRUE WHERE id = ?", [doctor.userId]);
  await authorized(late.id);
  expect((await read(late.id)).status).toBe("EXPIRED");
  await expect(book(slot.id, userCaller("PATIENT"))).rejects.toMatchObject({ reason: "NOT_FOUND" });
});

test("a doctor offers nothing while disabled, and the same times anew once enabled again", async () => {
  await publish(0);
  const { response: booking } = await book((await offer(60)).id);
  await account(doctor, true);
  await expect(offer(60)).rejects.toMatchObject({ reason: "DOCTOR_PROFILE_REQUIRED" });
  await account(doctor, false);
  expect(await claimable()).toEqual([]);
  expect((await read(booking.id)).status).toBe("CANCELLED");
  const anew = await offer(60);
  expect((await book(anew.id)).response.status).toBe("CONFIRMED");
});
