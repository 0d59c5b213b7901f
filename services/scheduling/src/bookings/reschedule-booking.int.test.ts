import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

test("a moved booking keeps its id, counts its moves and releases the old slot", async () => {
  await fixture.createDoctor(0);
  const from = await fixture.createSlot(48 * 60);
  const to = await fixture.createSlot(50 * 60);
  const { response: booking } = await fixture.book(from.id);
  const { response: moved } = await fixture.reschedule(booking.id, to.id);
  expect(moved).toMatchObject({ id: booking.id, slotId: to.id, startTime: to.startTime, sequence: 1 });
  expect([await fixture.slotStatus(from.id), await fixture.slotStatus(to.id)]).toEqual(["OPEN", "BOOKED"]);
  expect((await fixture.reschedule(booking.id, to.id)).response).toEqual(moved);
  expect(await fixture.outboxTypes(booking.id)).toEqual(["booking.rescheduled"]);
});

test("a booking can be moved to a slot that overlaps its own old one", async () => {
  await fixture.createDoctor(0);
  const from = await fixture.createSlot(48 * 60, 30);
  const { response: booking } = await fixture.book(from.id);
  const to = await fixture.createSlot(48 * 60 + 30, 30);
  expect((await fixture.reschedule(booking.id, to.id)).response.sequence).toBe(1);
});

test.each([
  ["after the cut-off, by its patient", 60, 49 * 60, 0, "RESCHEDULE_TOO_LATE"],
  ["to a slot with another fee", 48 * 60, 49 * 60, 100, "FEE_DIFFERS"],
])("a booking is not moved %s", async (_, start, to, fee, reason) => {
  await fixture.createDoctor(0);
  const { response: booking } = await fixture.book((await fixture.createSlot(start)).id);
  await fixture.app.db.write("UPDATE doctors SET fee_currency = 'USD', fee_minor = ? WHERE id = ?", [
    fee,
    binaryId(fixture.doctor.userId),
  ]);
  const target = await fixture.createSlot(to);
  await expect(fixture.reschedule(booking.id, target.id)).rejects.toMatchObject({ reason });
  expect(await fixture.slotStatus(target.id)).toBe("OPEN");
});

test("of a concurrent move and a booking for one slot, one gets it", async () => {
  await fixture.createDoctor(0);
  for (let round = 0; round < 5; round++) {
    const from = await fixture.createSlot(48 * 60 + round * 120);
    const to = await fixture.createSlot(49 * 60 + round * 120);
    const mover = userCaller("PATIENT");
    const { response: booking } = await fixture.book(from.id, mover);
    const results = await Promise.allSettled([
      fixture.reschedule(booking.id, to.id, mover),
      fixture.book(to.id, userCaller("PATIENT")),
    ]);
    expect(results.map(outcome).sort()).toEqual(["SLOT_UNAVAILABLE", "ok"]);
    const isMoved = results[0]?.status === "fulfilled";
    expect((await fixture.read(booking.id, mover)).slotId).toBe(isMoved ? to.id : from.id);
    expect(await fixture.slotStatus(from.id)).toBe(isMoved ? "OPEN" : "BOOKED");
  }
});
