import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Booking } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { SlotServiceService } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { withdrawSlot } from "../slot-changes/change-slot.ts";
import { MINUTE_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

const HOUR = 60;
const DAY = 24 * HOUR;
const admin = userCaller("ADMIN");

/** For the patient, books and pays a slot that starts in `startMinutes` minutes. */
async function booked(startMinutes: number): Promise<Booking> {
  await fixture.createDoctor(5000);
  const { response } = await fixture.book((await fixture.createSlot(startMinutes)).id);
  await fixture.paymentAuthorized(response.id);
  return await fixture.read(response.id);
}

/** Moves a booking to a new slot that starts in `startMinutes` minutes. */
async function move(
  { id }: Pick<Booking, "id">,
  startMinutes: number,
  by = fixture.doctor,
): Promise<Booking> {
  return (await fixture.reschedule(id, (await fixture.createSlot(startMinutes, 5)).id, by)).response;
}

const passMinutes = (minutes: number) => fixture.app.clock.advance(minutes * MINUTE_MS);

/** Reads the last event about a booking that was sent to clinical. */
async function lastEvent({ id }: Booking): Promise<Event> {
  const sql = "SELECT payload FROM outbox WHERE aggregateid = ? AND destination = 'clinical' ORDER BY id";
  return Event.decode((await fixture.app.db.read<{ payload: Buffer }>(sql, [id])).at(-1)!.payload);
}

test.each([
  ["the doctor", () => fixture.doctor, "DOCTOR"],
  ["an admin", () => admin, "ADMIN"],
] as const)("a move by %s records the mover, and waits for the patient", async (_, by, movedBy) => {
  const booking = await booked(10 * DAY);
  expect(booking.move).toBeUndefined();
  const moved = await move(booking, 2, by());
  const { startTime: previousStartTime } = booking;
  expect(moved.move).toEqual({ movedBy, moveTime: fixture.at(0), previousStartTime, accepted: false });
  expect(await fixture.read(booking.id)).toEqual({ ...moved, reason: "headache" });
  expect(stateOf(await lastEvent(booking), "booking")).toMatchObject({
    startTime: moved.startTime,
    movePending: true,
  });
});

test("a move by the patient counts as accepted", async () => {
  const booking = await booked(10 * DAY);
  const moved = await move(booking, 11 * DAY, fixture.patient);
  expect(moved.move).toMatchObject({ movedBy: "PATIENT", accepted: true });
  expect(stateOf(await lastEvent(booking), "booking")).toMatchObject({ movePending: false });
});

describe("a doctor who moves a paid booking to a time after the free-cancellation cut-off", () => {
  const ATTACKS: [name: string, startMinutes: number, attack: (booking: Booking) => Promise<unknown>][] = [
    ["from in 10 days to in 2 minutes", 10 * DAY, (booking) => move(booking, 2)],
    [
      "twice",
      10 * DAY,
      async (booking) => {
        await move(booking, 9 * DAY);
        await move(booking, 2);
      },
    ],
    [
      "away and back",
      2 * DAY,
      async (booking) => {
        const { slotId } = booking;
        passMinutes(2 * DAY - HOUR);
        await move(booking, 5 * DAY);
        await fixture.reschedule(booking.id, slotId, fixture.doctor);
      },
    ],
    [
      "after its patient had accepted another move",
      10 * DAY,
      async (booking) => {
        await fixture.accept(await move(booking, 9 * DAY));
        await move(booking, 2);
      },
    ],
    [
      "after its patient had moved it",
      10 * DAY,
      async (booking) => {
        await move(booking, 9 * DAY, fixture.patient);
        await move(booking, 2);
      },
    ],
    [
      "with the help of an admin",
      10 * DAY,
      async (booking) => {
        await move(booking, 2, admin);
        await move(booking, 8);
      },
    ],
  ];

  test.each(ATTACKS)("%s: the patient cancels free of charge before and after the start", async (...row) => {
    const [, startMinutes, attack] = row;
    for (const lateMinutes of [0, HOUR + 30]) {
      fixture.renewPeople();
      const booking = await booked(startMinutes);
      await attack(booking);
      passMinutes(lateMinutes);
      expect(await fixture.preview(booking.id, fixture.patient)).toMatchObject({ feeDecision: "RELEASE" });
      expect((await fixture.cancel(booking.id, fixture.patient)).response).toMatchObject({
        status: "CANCELLED",
        feeDecision: "RELEASE",
        move: { accepted: false },
      });
    }
  });

  test.each(ATTACKS)("%s: the patient can move it, also after that start", async (...row) => {
    const [, startMinutes, attack] = row;
    const booking = await booked(startMinutes);
    await attack(booking);
    passMinutes(HOUR + 30);
    const moved = await move(booking, 3 * DAY, fixture.patient);
    expect(moved.move).toMatchObject({ movedBy: "PATIENT", accepted: true });
  });

  test.each(ATTACKS)("%s: a patient no-show is refused", async (...row) => {
    const [, startMinutes, attack] = row;
    const booking = await booked(startMinutes);
    await attack(booking);
    const moved = await fixture.read(booking.id);
    await fixture.consultationEvent("consultation.no_show", moved, "PATIENT");
    expect(await fixture.read(booking.id)).toEqual(moved);
  });
});

test("a chain of moves keeps the start that the patient accepted last", async () => {
  const booking = await booked(10 * DAY);
  for (const days of [9, 8]) {
    const { move: last } = await move(booking, days * DAY);
    expect(last?.previousStartTime).toEqual(booking.startTime);
  }
  const accepted = await fixture.accept(await move(booking, 7 * DAY));
  expect(accepted.move).toMatchObject({
    movedBy: "DOCTOR",
    previousStartTime: booking.startTime,
    accepted: true,
  });
  const { move: next } = await move(booking, 6 * DAY);
  expect(next).toMatchObject({ previousStartTime: accepted.startTime, accepted: false });
});

test("an accepted move is binding, reaches clinical, and is accepted once", async () => {
  const booking = await booked(10 * DAY);
  const moved = await move(booking, HOUR);
  const accepted = await fixture.accept(moved);
  expect(accepted).toMatchObject({ status: "CONFIRMED", sequence: 1, move: { accepted: true } });
  expect(await fixture.accept(moved)).toEqual(accepted);
  await expect(fixture.accept(booking)).rejects.toMatchObject({ reason: "TIME_DIFFERS" });
  const event = await lastEvent(booking);
  expect({ type: event.type, ...stateOf(event, "booking") }).toMatchObject({
    type: "booking.move_accepted",
    movePending: false,
  });
  expect(await fixture.outboxTypes(booking.id)).toEqual([
    "booking.held",
    "booking.rescheduled",
    "booking.move_accepted",
  ]);
  expect((await fixture.cancel(booking.id, fixture.patient)).response.feeDecision).toBe("CHARGE");
});

test("a patient accepts only the time that they saw, not that of a later move", async () => {
  const booking = await booked(10 * DAY);
  const seen = await move(booking, 9 * DAY);
  const moved = await move(booking, 2);
  await expect(fixture.accept(seen)).rejects.toMatchObject({
    reason: "TIME_DIFFERS",
    metadata: { startTime: moved.startTime!.toISOString(), endTime: moved.endTime!.toISOString() },
  });
  expect((await fixture.read(booking.id)).move).toMatchObject({ accepted: false });
  expect((await fixture.accept(moved)).move).toMatchObject({ accepted: true });
});

test("a later move to a shorter slot with the same start is not accepted", async () => {
  const booking = await booked(10 * DAY);
  const seen = (await fixture.reschedule(booking.id, (await fixture.createSlot(9 * DAY)).id, fixture.doctor))
    .response;
  await move(booking, 8 * DAY);
  const withdraw = bound(withdrawSlot, fixture.app);
  await invoke(SlotServiceService.withdrawSlot, withdraw, fixture.doctor, {
    slotId: seen.slotId,
    idempotencyKey: "",
  });
  const shorter = await move(booking, 9 * DAY);
  expect(shorter.startTime).toEqual(seen.startTime);
  await expect(fixture.accept(seen)).rejects.toMatchObject({ reason: "TIME_DIFFERS" });
  expect((await fixture.accept(shorter)).move).toMatchObject({ accepted: true });
});

test("twenty concurrent acceptances make one change", async () => {
  const booking = await booked(10 * DAY);
  const moved = await move(booking, HOUR);
  const answers = await Promise.all(Array.from({ length: 20 }, () => fixture.accept(moved)));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(
    (await fixture.outboxTypes(booking.id)).filter((type) => type === "booking.move_accepted"),
  ).toHaveLength(1);
});

test.each([
  ["accepts it", "ok"],
  ["does not", "BOOKING_STARTED"],
])("a patient who moves the booking to its new time accepts the move", async (_, outcome) => {
  const booking = await booked(10 * DAY);
  const { slotId } = await move(booking, HOUR);
  if (outcome === "ok") {
    const { response } = await fixture.reschedule(booking.id, slotId);
    expect(response).toMatchObject({ slotId, sequence: 1, move: { movedBy: "DOCTOR", accepted: true } });
    expect((await lastEvent(booking)).type).toBe("booking.move_accepted");
  } else {
    passMinutes(HOUR);
    await expect(fixture.reschedule(booking.id, slotId)).rejects.toMatchObject({ reason: outcome });
  }
});

test("only the patient can accept a move, and only before the new start", async () => {
  const booking = await booked(10 * DAY);
  await expect(fixture.accept(booking)).rejects.toMatchObject({ reason: "ILLEGAL_TRANSITION" });
  const moved = await move(booking, HOUR);
  for (const id of [booking.id, newId()]) {
    const accept = fixture.accept({ ...moved, id }, userCaller("PATIENT"));
    await expect(accept).rejects.toMatchObject({ reason: "NOT_FOUND" });
  }
  passMinutes(HOUR);
  await expect(fixture.accept(moved)).rejects.toMatchObject({ reason: "BOOKING_STARTED" });
});

describe("the consultation of a moved booking", () => {
  test("accepts the move when the patient joins", async () => {
    const booking = await booked(10 * DAY);
    const moved = await move(booking, HOUR);
    await fixture.consultationEvent("consultation.joined", moved);
    expect((await fixture.read(booking.id)).move?.accepted).toBe(true);
    expect((await lastEvent(booking)).type).toBe("booking.move_accepted");
    expect((await fixture.cancel(booking.id, fixture.patient)).response.feeDecision).toBe("CHARGE");
  });

  test("does not accept the move when the patient joined at another time", async () => {
    const booking = await booked(HOUR);
    const moved = await move(booking, DAY);
    await fixture.consultationEvent("consultation.joined", booking);
    expect(await fixture.read(booking.id)).toEqual({ ...moved, reason: "headache" });
  });

  test("does not accept a later move when the patient joined before it", async () => {
    const booking = await booked(10 * DAY);
    const first = await move(booking, HOUR);
    await move(booking, 2);
    await fixture.consultationEvent("consultation.joined", first);
    expect((await fixture.read(booking.id)).move?.accepted).toBe(false);
  });

  test("changes nothing on joining without a pending move", async () => {
    const booking = await booked(HOUR);
    await fixture.consultationEvent("consultation.joined", booking);
    expect(await fixture.read(booking.id)).toEqual(booking);
  });

  test.each(["consultation.started", "consultation.completed"] as const)(
    "counts as joined after %s, even if the event of joining was lost",
    async (type) => {
      const booking = await booked(10 * DAY);
      const moved = await move(booking, HOUR);
      await fixture.consultationEvent(type, moved);
      expect((await fixture.read(booking.id)).move?.accepted).toBe(true);
    },
  );

  test("releases the fee when the doctor did not come", async () => {
    const booking = await booked(10 * DAY);
    const moved = await move(booking, HOUR);
    await fixture.consultationEvent("consultation.no_show", moved, "DOCTOR");
    expect(await fixture.read(booking.id)).toMatchObject({ status: "NO_SHOW", feeDecision: "RELEASE" });
  });
});
