import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { guardPerson } from "../people/people-store.ts";
import { HOLD_MS, MINUTE_MS, outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { readWishFacts, type Wish } from "./claim-store.ts";
import { insertCooldown } from "./cooldown-store.ts";
import { sweepHolds } from "./expire-bookings.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

const DAY = 24 * 60;

/** Slots of different doctors, without overlaps; the first starts in `startMinutes`. */
async function slotsOfDoctors(count: number, feeMinor: number, startMinutes = DAY): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    fixture.doctor = userCaller("DOCTOR");
    await fixture.createDoctor(feeMinor);
    ids.push((await fixture.createSlot(startMinutes + i * 60)).id);
  }
  return ids;
}

/** Slots of one doctor, without overlaps. */
async function slotsOfDoctor(count: number, feeMinor: number, startMinutes = DAY): Promise<string[]> {
  await fixture.createDoctor(feeMinor);
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push((await fixture.createSlot(startMinutes + i * 60)).id);
  return ids;
}

const bookAll = async (slotIds: string[]): Promise<string[]> =>
  (await Promise.allSettled(slotIds.map((slotId) => fixture.book(slotId)))).map(outcome);

const count = (outcomes: string[]) =>
  Object.fromEntries([...Map.groupBy(outcomes, (one) => one)].map(([one, all]) => [one, all.length]));

describe("fifty concurrent requests of one patient", () => {
  test("make three holds", async () => {
    const outcomes = await bookAll(await slotsOfDoctors(50, 5000));
    expect(count(outcomes)).toEqual({ ok: 3, TOO_MANY_HOLDS: 47 });
  });

  test("make ten free bookings", async () => {
    const outcomes = await bookAll(await slotsOfDoctors(50, 0));
    expect(count(outcomes)).toEqual({ ok: 10, TOO_MANY_BOOKINGS: 40 });
  });

  test("make three bookings with one doctor", async () => {
    const outcomes = await bookAll(await slotsOfDoctor(50, 0));
    expect(count(outcomes)).toEqual({ ok: 3, TOO_MANY_BOOKINGS: 47 });
  });
});

test("the same key books when the patient is within the limit again", async () => {
  const [first, second, third, fourth] = await slotsOfDoctors(4, 5000);
  const { response: held } = await fixture.book(first!);
  await bookAll([second!, third!]);
  const book = () => fixture.book(fourth!, fixture.patient, "once-more");
  await expect(book()).rejects.toMatchObject({
    reason: "TOO_MANY_HOLDS",
    metadata: { limit: "3", per: "PATIENT" },
  });
  await fixture.cancel(held.id, fixture.patient);
  expect((await book()).response.status).toBe("PENDING_PAYMENT");
});

test("only the patient's own unpaid holds before their start count as holds", async () => {
  const slots = await slotsOfDoctors(8, 5000);
  for (const slotId of slots.slice(0, 3)) {
    const { response } = await fixture.book(slotId);
    await fixture.paymentAuthorized(response.id);
  }
  expect(await bookAll(slots.slice(3, 6))).toEqual(["ok", "ok", "ok"]);
  expect(await bookAll([slots[6]!])).toEqual(["TOO_MANY_HOLDS"]);
  expect((await fixture.book(slots[6]!, userCaller("PATIENT"))).response.status).toBe("PENDING_PAYMENT");
  fixture.app.clock.advance(HOLD_MS);
  expect(await bookAll([slots[7]!])).toEqual(["ok"]);
});

test("started and ended bookings do not count", async () => {
  const slots = await slotsOfDoctor(7, 0, 60);
  expect(await bookAll(slots.slice(0, 3))).toEqual(["ok", "ok", "ok"]);
  expect(await bookAll([slots[3]!])).toEqual(["TOO_MANY_BOOKINGS"]);
  fixture.app.clock.advance(61 * MINUTE_MS);
  expect(count(await bookAll(slots.slice(1, 7)))).toMatchObject({ ok: 1 });
});

test("a late payment beyond a limit is refused, and a move does not count as a new booking", async () => {
  const slots = await slotsOfDoctor(6, 5000, 3 * DAY);
  const { response: late } = await fixture.book(slots[0]!);
  fixture.app.clock.advance(HOLD_MS);
  await sweepHolds(fixture.app)();
  const booked: string[] = [];
  for (const slotId of slots.slice(1, 4)) booked.push((await fixture.book(slotId)).response.id);
  for (const id of booked) await fixture.paymentAuthorized(id);
  await fixture.paymentAuthorized(late.id);
  expect((await fixture.read(late.id)).status).toBe("EXPIRED");
  expect(await fixture.outboxTypes(late.id)).toContain("booking.payment_refused");
  expect((await fixture.reschedule(booked[0]!, slots[5]!)).response.slotId).toBe(slots[5]);
  expect(await bookAll([slots[4]!])).toEqual(["TOO_MANY_BOOKINGS"]);
});

test("limits of 0 refuse nothing", async () => {
  const free = { ...fixture.app, bookingLimits: { holds: 0, bookings: 0, bookingsPerDoctor: 0 } };
  for (const slotId of await slotsOfDoctor(12, 0)) await fixture.book(slotId, fixture.patient, newId(), free);
});

describe("a slot that a patient held without paying", () => {
  const COOLDOWN_MS = 2 * HOLD_MS;

  test.each([
    ["ended, and was swept", () => sweepHolds(fixture.app)()],
    ["ended, and was not swept", async () => {}],
  ])("whose hold %s: others can hold it, the patient not for twice as long", async (_, sweep) => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    await fixture.book(slotId!);
    fixture.app.clock.advance(HOLD_MS);
    await sweep();
    expect(await bookAll(Array(20).fill(slotId))).toEqual(Array(20).fill("HOLD_COOLDOWN"));
    const book = () => fixture.book(slotId!, fixture.patient, "in-time");
    await expect(book()).rejects.toMatchObject({ retryAfterMs: COOLDOWN_MS });
    fixture.app.clock.advance(COOLDOWN_MS - 1);
    await expect(book()).rejects.toMatchObject({ reason: "HOLD_COOLDOWN", retryAfterMs: 1 });
    fixture.app.clock.advance(1);
    expect((await book()).response.status).toBe("PENDING_PAYMENT");
  });

  test("and cancelled cannot be held by them for twice the full hold", async () => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    const { response: held } = await fixture.book(slotId!);
    fixture.app.clock.advance(MINUTE_MS);
    await fixture.cancel(held.id, fixture.patient);
    await expect(fixture.book(slotId!)).rejects.toMatchObject({
      reason: "HOLD_COOLDOWN",
      retryAfterMs: COOLDOWN_MS,
    });
    const other = userCaller("PATIENT");
    const { response: others } = await fixture.book(slotId!, other);
    await fixture.cancel(others.id, other);
    await expect(fixture.book(slotId!)).rejects.toMatchObject({ reason: "HOLD_COOLDOWN" });
  });

  /** Runs a transaction that keeps the lock on the patient until its commit. */
  const guarded = () =>
    fixture.pausedBeforeCommit((paused) =>
      paused.transactions.run("service:scheduling", async (tx) => {
        guardPerson(tx, fixture.patient.userId);
        return [];
      }),
    );

  test("and cancelled refuses a concurrent booking of the patient", async () => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    const guard = guarded();
    await guard.isPaused;
    const booking = fixture.book(slotId!);
    booking.catch(() => {});
    await fixture.doneOrWaiting(booking);
    await fixture.app.db.transaction(async (tx) =>
      insertCooldown(tx, fixture.patient.userId, slotId!, fixture.at(30)),
    );
    guard.commit();
    await expect(booking).rejects.toMatchObject({ reason: "HOLD_COOLDOWN", retryAfterMs: 30 * MINUTE_MS });
  });

  test("is cancelled under the patient's guard", async () => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    const { response: held } = await fixture.book(slotId!);
    const guard = guarded();
    await guard.isPaused;
    const cancelling = fixture.cancel(held.id, fixture.patient);
    await fixture.doneOrWaiting(cancelling);
    expect((await fixture.read(held.id)).status).toBe("PENDING_PAYMENT");
    guard.commit();
    await Promise.all([guard.done, cancelling]);
    expect((await fixture.read(held.id)).status).toBe("CANCELLED");
  });

  test("can be held at once if the doctor cancelled it", async () => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    const { response: held } = await fixture.book(slotId!);
    await fixture.cancel(held.id, fixture.doctor);
    expect(await bookAll([slotId!])).toEqual(["ok"]);
  });

  test("is confirmed by a late payment", async () => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    const { response: held } = await fixture.book(slotId!);
    fixture.app.clock.advance(HOLD_MS);
    await sweepHolds(fixture.app)();
    await fixture.paymentAuthorized(held.id);
    expect((await fixture.read(held.id)).status).toBe("CONFIRMED");
  });

  test("stays in cooldown when a payment came too late", async () => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    const { response: held } = await fixture.book(slotId!);
    const [atTheSameTime] = await slotsOfDoctors(1, 0);
    fixture.app.clock.advance(HOLD_MS);
    const { response: other } = await fixture.book(atTheSameTime!);
    await fixture.paymentAuthorized(held.id);
    expect((await fixture.read(held.id)).status).toBe("EXPIRED");
    await fixture.cancel(other.id, fixture.patient);
    expect(await bookAll([slotId!])).toEqual(["HOLD_COOLDOWN"]);
  });

  test("has no cooldown row after a sweep when the cooldown is over", async () => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    await fixture.book(slotId!);
    fixture.app.clock.advance(HOLD_MS);
    await sweepHolds(fixture.app)();
    fixture.app.clock.advance(COOLDOWN_MS);
    await sweepHolds(fixture.app)();
    expect(
      await fixture.app.db.read("SELECT * FROM hold_cooldowns WHERE slot_id = ?", [binaryId(slotId!)]),
    ).toEqual([]);
  });
});

test("a slot can be booked again at once after a paid booking is cancelled", async () => {
  const [slotId] = await slotsOfDoctor(1, 5000, 3 * DAY);
  const { response: booking } = await fixture.book(slotId!);
  await fixture.paymentAuthorized(booking.id);
  await fixture.cancel(booking.id, fixture.patient);
  expect(await bookAll([slotId!])).toEqual(["ok"]);
});

/** Number of rows that the connection's statements have read, by an index or without. */
async function rowsRead(tx: Transaction): Promise<number> {
  const rows = await tx.read<{ Value: string }>("SHOW SESSION STATUS LIKE 'Handler\\_read\\_%'");
  return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
}

test("a claim reads few rows despite a thousand ended bookings of the patient at that time", async () => {
  const [slotId] = await slotsOfDoctor(1, 0);
  const [other] = await slotsOfDoctors(1, 0, 2 * DAY);
  const { response: live } = await fixture.book(other!);
  const columns =
    "slot_id, doctor_id, patient_id, consultation_id, status, start_time, end_time, fee_minor, version, create_time, update_time";
  const rows = Array.from({ length: 1000 }, () => [newId(), live.id]);
  for (const [id, from] of rows) {
    await fixture.app.db.write(
      `INSERT INTO bookings (id, ${columns}) SELECT ?, ${columns.replace("status", "'CANCELLED'")} FROM bookings WHERE id = ?`,
      [binaryId(id!), binaryId(from!)],
    );
  }
  const wish: Wish = { slotId: slotId!, patientId: fixture.patient.userId, region: undefined };
  const wishes: Record<string, Wish> = {
    "of a new booking": wish,
    "of a moved booking": { ...wish, bookingId: live.id },
  };
  const found: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(wishes)) {
    await fixture.app.db
      .transaction(async (tx) => {
        const before = await rowsRead(tx);
        found[name] = (await readWishFacts(tx, [one], fixture.at(0))).get(slotId!)?.live;
        expect((await rowsRead(tx)) - before).toBeLessThan(20);
        throw new Error("to be rolled back");
      })
      .catch(({ message }) => expect(message).toBe("to be rolled back"));
  }
  expect(found).toEqual({
    "of a new booking": { overlapping: 0, holds: 0, bookings: 1, withDoctor: 0 },
    "of a moved booking": { overlapping: 0, holds: 0, bookings: 0, withDoctor: 0 },
  });
});

test("a patient's live bookings are counted by kind and by doctor", async () => {
  const slots = await slotsOfDoctor(6, 5000);
  const others = await slotsOfDoctors(3, 0, 2 * DAY);
  const [elsewhere] = await slotsOfDoctors(1, 0, 9 * DAY);
  const wish = { slotId: elsewhere!, patientId: fixture.patient.userId, region: undefined };
  const limits = { holds: 2, bookings: 4, bookingsPerDoctor: 3 };
  const tight = { ...fixture.app, bookingLimits: limits };
  const outcomes: string[] = [];
  for (const slotId of [...slots.slice(0, 3), ...others, ...slots.slice(3)]) {
    outcomes.push(
      await fixture.book(slotId, fixture.patient, newId(), tight).then(
        () => "ok",
        ({ reason }) => reason,
      ),
    );
    const patientFacts = await fixture.app.db.transaction((tx) => readWishFacts(tx, [wish], fixture.at(0)));
    expect(patientFacts.get(elsewhere!)!.live.bookings).toBe(outcomes.filter((one) => one === "ok").length);
  }
  expect(outcomes).toEqual([
    "ok",
    "ok",
    "TOO_MANY_HOLDS",
    "ok",
    "ok",
    "TOO_MANY_BOOKINGS",
    "TOO_MANY_HOLDS",
    "TOO_MANY_HOLDS",
    "TOO_MANY_HOLDS",
  ]);
});
