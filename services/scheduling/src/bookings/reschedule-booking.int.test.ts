import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";

let desk: SchedulingFixture;

beforeAll(async () => {
  desk = await SchedulingFixture.open();
});
afterAll(() => desk.close());
beforeEach(() => desk.admit());

test("a moved booking keeps its id, counts its moves, and gives the old slot back", async () => {
  await desk.publish(0);
  const from = await desk.offer(48 * 60);
  const to = await desk.offer(50 * 60);
  const { response: booking } = await desk.book(from.id);
  const { response: moved } = await desk.reschedule(booking.id, to.id);
  expect(moved).toMatchObject({ id: booking.id, slotId: to.id, startTime: to.startTime, sequence: 1 });
  expect([await desk.slotStatus(from.id), await desk.slotStatus(to.id)]).toEqual(["OPEN", "BOOKED"]);
  expect((await desk.reschedule(booking.id, to.id)).response).toEqual(moved);
  expect(await desk.outboxTypes(booking.id)).toEqual(["booking.rescheduled"]);
});

test("a booking can be moved to a slot that overlaps its own old one", async () => {
  await desk.publish(0);
  const from = await desk.offer(48 * 60, 30);
  const { response: booking } = await desk.book(from.id);
  const to = await desk.offer(48 * 60 + 30, 30);
  expect((await desk.reschedule(booking.id, to.id)).response.sequence).toBe(1);
});

test.each([
  ["after the cut-off, by its patient", 60, 49 * 60, 0, "RESCHEDULE_TOO_LATE"],
  ["to a slot with another fee", 48 * 60, 49 * 60, 100, "FEE_DIFFERS"],
])("a booking is not moved %s", async (_, start, to, fee, reason) => {
  await desk.publish(0);
  const { response: booking } = await desk.book((await desk.offer(start)).id);
  await desk.app.db.write("UPDATE doctors SET fee_currency = 'USD', fee_minor = ? WHERE id = ?", [
    fee,
    binaryId(desk.doctor.userId),
  ]);
  const target = await desk.offer(to);
  await expect(desk.reschedule(booking.id, target.id)).rejects.toMatchObject({ reason });
  expect(await desk.slotStatus(target.id)).toBe("OPEN");
});

test("of a booking that is moved to a slot and a patient who books it at once, one gets it", async () => {
  await desk.publish(0);
  for (let round = 0; round < 5; round++) {
    const from = await desk.offer(48 * 60 + round * 120);
    const to = await desk.offer(49 * 60 + round * 120);
    const mover = userCaller("PATIENT");
    const { response: booking } = await desk.book(from.id, mover);
    const results = await Promise.allSettled([
      desk.reschedule(booking.id, to.id, mover),
      desk.book(to.id, userCaller("PATIENT")),
    ]);
    expect(results.map(outcome).sort()).toEqual(["SLOT_UNAVAILABLE", "ok"]);
    const isMoved = results[0]?.status === "fulfilled";
    expect((await desk.read(booking.id, mover)).slotId).toBe(isMoved ? to.id : from.id);
    expect(await desk.slotStatus(from.id)).toBe(isMoved ? "OPEN" : "BOOKED");
  }
});
