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

let desk: SchedulingFixture;

beforeAll(async () => {
  desk = await SchedulingFixture.open();
});
afterAll(() => desk.close());
beforeEach(() => desk.admit());

const DAY = 24 * 60;

/** Slots of a different doctor each, without overlaps, starting in so many minutes. */
async function slotsOfDoctors(count: number, feeMinor: number, startMinutes = DAY): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    desk.doctor = userCaller("DOCTOR");
    await desk.publish(feeMinor);
    ids.push((await desk.offer(startMinutes + i * 60)).id);
  }
  return ids;
}

/** Slots of one doctor, without overlaps. */
async function slotsOfDoctor(count: number, feeMinor: number, startMinutes = DAY): Promise<string[]> {
  await desk.publish(feeMinor);
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push((await desk.offer(startMinutes + i * 60)).id);
  return ids;
}

const bookAll = async (slotIds: string[]): Promise<string[]> =>
  (await Promise.allSettled(slotIds.map((slotId) => desk.book(slotId)))).map(outcome);

const count = (outcomes: string[]) =>
  Object.fromEntries([...Map.groupBy(outcomes, (one) => one)].map(([one, all]) => [one, all.length]));

describe("fifty concurrent tries of one patient", () => {
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

test("the same key books when the patient is below the limit again", async () => {
  const [first, second, third, fourth] = await slotsOfDoctors(4, 5000);
  const { response: held } = await desk.book(first!);
  await bookAll([second!, third!]);
  const book = () => desk.book(fourth!, desk.patient, "once-more");
  await expect(book()).rejects.toMatchObject({
    reason: "TOO_MANY_HOLDS",
    metadata: { limit: "3", per: "PATIENT" },
  });
  await desk.cancel(held.id, desk.patient);
  expect((await book()).response.status).toBe("PENDING_PAYMENT");
});

test("only the patient's own unpaid holds before their start count as holds", async () => {
  const slots = await slotsOfDoctors(8, 5000);
  for (const slotId of slots.slice(0, 3)) {
    const { response } = await desk.book(slotId);
    await desk.authorized(response.id);
  }
  expect(await bookAll(slots.slice(3, 6))).toEqual(["ok", "ok", "ok"]);
  expect(await bookAll([slots[6]!])).toEqual(["TOO_MANY_HOLDS"]);
  expect((await desk.book(slots[6]!, userCaller("PATIENT"))).response.status).toBe("PENDING_PAYMENT");
  desk.app.clock.advance(HOLD_MS);
  expect(await bookAll([slots[7]!])).toEqual(["ok"]);
});

test("started and ended bookings do not count", async () => {
  const slots = await slotsOfDoctor(7, 0, 60);
  expect(await bookAll(slots.slice(0, 3))).toEqual(["ok", "ok", "ok"]);
  expect(await bookAll([slots[3]!])).toEqual(["TOO_MANY_BOOKINGS"]);
  desk.app.clock.advance(61 * MINUTE_MS);
  expect(count(await bookAll(slots.slice(1, 7)))).toMatchObject({ ok: 1 });
});

test("a late payment beyond a limit is refused, and a move does not count as a new booking", async () => {
  const slots = await slotsOfDoctor(6, 5000, 3 * DAY);
  const { response: late } = await desk.book(slots[0]!);
  desk.app.clock.advance(HOLD_MS);
  await sweepHolds(desk.app)();
  const booked: string[] = [];
  for (const slotId of slots.slice(1, 4)) booked.push((await desk.book(slotId)).response.id);
  for (const id of booked) await desk.authorized(id);
  await desk.authorized(late.id);
  expect((await desk.read(late.id)).status).toBe("EXPIRED");
  expect(await desk.outboxTypes(late.id)).toContain("booking.payment_refused");
  expect((await desk.reschedule(booked[0]!, slots[5]!)).response.slotId).toBe(slots[5]);
  expect(await bookAll([slots[4]!])).toEqual(["TOO_MANY_BOOKINGS"]);
});

test("limits of 0 refuse nothing", async () => {
  const free = { ...desk.app, bookingLimits: { holds: 0, bookings: 0, bookingsPerDoctor: 0 } };
  for (const slotId of await slotsOfDoctor(12, 0)) await desk.book(slotId, desk.patient, newId(), free);
});

describe("a slot that a patient held without paying", () => {
  const COOLDOWN_MS = 2 * HOLD_MS;

  test.each([
    ["ended, and was swept", () => sweepHolds(desk.app)()],
    ["ended, and nobody has noticed", async () => {}],
  ])("whose hold %s: others can hold it, the patient not for twice as long", async (_, sweep) => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    await desk.book(slotId!);
    desk.app.clock.advance(HOLD_MS);
    await sweep();
    expect(await bookAll(Array(20).fill(slotId))).toEqual(Array(20).fill("HOLD_COOLDOWN"));
    const book = () => desk.book(slotId!, desk.patient, "in-time");
    await expect(book()).rejects.toMatchObject({ retryAfterMs: COOLDOWN_MS });
    desk.app.clock.advance(COOLDOWN_MS - 1);
    await expect(book()).rejects.toMatchObject({ reason: "HOLD_COOLDOWN", retryAfterMs: 1 });
    desk.app.clock.advance(1);
    expect((await book()).response.status).toBe("PENDING_PAYMENT");
  });

  test("and cancelled cannot be held by them again for twice the full hold", async () => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    const { response: held } = await desk.book(slotId!);
    desk.app.clock.advance(MINUTE_MS);
    await desk.cancel(held.id, desk.patient);
    await expect(desk.book(slotId!)).rejects.toMatchObject({
      reason: "HOLD_COOLDOWN",
      retryAfterMs: COOLDOWN_MS,
    });
    const other = userCaller("PATIENT");
    const { response: others } = await desk.book(slotId!, other);
    await desk.cancel(others.id, other);
    await expect(desk.book(slotId!)).rejects.toMatchObject({ reason: "HOLD_COOLDOWN" });
  });

  /** Holds the patient's guard until released. */
  const guarded = () =>
    desk.pausedBeforeCommit((paused) =>
      paused.transactions.run("service:scheduling", async (tx) => {
        guardPerson(tx, desk.patient.userId);
        return [];
      }),
    );

  test("and cancelled refuses a concurrent booking of the patient", async () => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    const guard = guarded();
    await guard.isPaused;
    const booking = desk.book(slotId!);
    booking.catch(() => {});
    await desk.doneOrWaiting(booking);
    await desk.app.db.transaction(async (tx) =>
      insertCooldown(tx, desk.patient.userId, slotId!, desk.at(30)),
    );
    guard.commit();
    await expect(booking).rejects.toMatchObject({ reason: "HOLD_COOLDOWN", retryAfterMs: 30 * MINUTE_MS });
  });

  test("is cancelled under the patient's guard", async () => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    const { response: held } = await desk.book(slotId!);
    const guard = guarded();
    await guard.isPaused;
    const cancelling = desk.cancel(held.id, desk.patient);
    await desk.doneOrWaiting(cancelling);
    expect((await desk.read(held.id)).status).toBe("PENDING_PAYMENT");
    guard.commit();
    await Promise.all([guard.done, cancelling]);
    expect((await desk.read(held.id)).status).toBe("CANCELLED");
  });

  test("can be held again at once if the doctor cancelled it", async () => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    const { response: held } = await desk.book(slotId!);
    await desk.cancel(held.id, desk.doctor);
    expect(await bookAll([slotId!])).toEqual(["ok"]);
  });

  test("is still confirmed by a late payment", async () => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    const { response: held } = await desk.book(slotId!);
    desk.app.clock.advance(HOLD_MS);
    await sweepHolds(desk.app)();
    await desk.authorized(held.id);
    expect((await desk.read(held.id)).status).toBe("CONFIRMED");
  });

  test("stays in cooldown when a payment came too late", async () => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    const { response: held } = await desk.book(slotId!);
    const [atTheSameTime] = await slotsOfDoctors(1, 0);
    desk.app.clock.advance(HOLD_MS);
    const { response: other } = await desk.book(atTheSameTime!);
    await desk.authorized(held.id);
    expect((await desk.read(held.id)).status).toBe("EXPIRED");
    await desk.cancel(other.id, desk.patient);
    expect(await bookAll([slotId!])).toEqual(["HOLD_COOLDOWN"]);
  });

  test("is free of them for ever where its hold was renewed: the sweeper forgets what is over", async () => {
    const [slotId] = await slotsOfDoctor(1, 5000);
    await desk.book(slotId!);
    desk.app.clock.advance(HOLD_MS);
    await sweepHolds(desk.app)();
    desk.app.clock.advance(COOLDOWN_MS);
    await sweepHolds(desk.app)();
    expect(
      await desk.app.db.read("SELECT * FROM hold_cooldowns WHERE slot_id = ?", [binaryId(slotId!)]),
    ).toEqual([]);
  });
});

test("a cancelled paid booking can be made again at once", async () => {
  const [slotId] = await slotsOfDoctor(1, 5000, 3 * DAY);
  const { response: booking } = await desk.book(slotId!);
  await desk.authorized(booking.id);
  await desk.cancel(booking.id, desk.patient);
  expect(await bookAll([slotId!])).toEqual(["ok"]);
});

/** Number of rows that a statement reads, with and without keys. */
async function rowsRead(tx: Transaction): Promise<number> {
  const rows = await tx.read<{ Value: string }>("SHOW SESSION STATUS LIKE 'Handler\\_read\\_%'");
  return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
}

test("a claim reads a few rows, although a thousand bookings of the patient at that time have ended", async () => {
  const [slotId] = await slotsOfDoctor(1, 0);
  const [other] = await slotsOfDoctors(1, 0, 2 * DAY);
  const { response: live } = await desk.book(other!);
  const columns =
    "slot_id, doctor_id, patient_id, consultation_id, status, start_time, end_time, fee_minor, version, create_time, update_time";
  const rows = Array.from({ length: 1000 }, () => [newId(), live.id]);
  for (const [id, from] of rows) {
    await desk.app.db.write(
      `INSERT INTO bookings (id, ${columns}) SELECT ?, ${columns.replace("status", "'CANCELLED'")} FROM bookings WHERE id = ?`,
      [binaryId(id!), binaryId(from!)],
    );
  }
  const wish: Wish = { slotId: slotId!, patientId: desk.patient.userId, region: undefined };
  const wishes: Record<string, Wish> = {
    "of a new booking": wish,
    "of a moved booking": { ...wish, bookingId: live.id },
  };
  const found: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(wishes)) {
    await desk.app.db
      .transaction(async (tx) => {
        const before = await rowsRead(tx);
        found[name] = (await readWishFacts(tx, [one], desk.at(0))).get(slotId!)?.live;
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
  const wish = { slotId: elsewhere!, patientId: desk.patient.userId, region: undefined };
  const limits = { holds: 2, bookings: 4, bookingsPerDoctor: 3 };
  const tight = { ...desk.app, bookingLimits: limits };
  const outcomes: string[] = [];
  for (const slotId of [...slots.slice(0, 3), ...others, ...slots.slice(3)]) {
    outcomes.push(
      await desk.book(slotId, desk.patient, newId(), tight).then(
        () => "ok",
        ({ reason }) => reason,
      ),
    );
    const patientFacts = await desk.app.db.transaction((tx) => readWishFacts(tx, [wish], desk.at(0)));
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
