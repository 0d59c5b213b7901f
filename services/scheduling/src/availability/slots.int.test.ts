import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { bound, invoke } from "@medconnect/platform/testing/test-service.ts";
import { SlotServiceService } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { HOLD_MS, outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { blockSlot, withdrawSlot } from "./change-slot.ts";
import { batchCreateSlots } from "./create-slots.ts";

let desk: SchedulingFixture;

beforeAll(async () => {
  desk = await SchedulingFixture.open();
});
afterAll(() => desk.close());
beforeEach(() => desk.admit());

test("a doctor's slots never overlap, however many are offered at once", async () => {
  await desk.publish(0);
  const starts = Array.from({ length: 40 }, (_, i) => 60 + i * 10);
  const results = await Promise.allSettled(starts.map((start) => desk.offer(start)));
  const made = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  expect(new Set(results.map(outcome))).toEqual(new Set(["ok", "SLOT_OVERLAP"]));
  const sorted = made.toSorted((a, b) => a.startTime!.getTime() - b.startTime!.getTime());
  for (const [i, slot] of sorted.entries()) {
    if (i > 0) expect(slot.startTime! >= sorted[i - 1]!.endTime!).toBe(true);
  }
});

test("slots of one doctor that wait for each other leave connections to others", async () => {
  await desk.publish(0);
  const { db } = desk.app;
  const busy = desk.doctor;
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
  const { promise: isLocked, resolve: lock } = Promise.withResolvers<void>();
  const locking = db.transaction(async (tx) => {
    await tx.read("SELECT id FROM doctors WHERE id = ? FOR UPDATE", [binaryId(busy.userId)]);
    lock();
    await isOver;
  });
  await isLocked;
  const waiting = Array.from({ length: 60 }, (_, i) => desk.offer(60 + i * 30));
  desk.admit();
  await desk.publish(0);
  await desk.offer(60);
  const held = await db.read(
    `SELECT 1 FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE '%slots_version%'
       AND id <> CONNECTION_ID()`,
  );
  // A quarter of the connections of a test service.
  expect(held.length).toBeLessThanOrEqual(10);
  end();
  await locking;
  expect(new Set((await Promise.allSettled(waiting)).map(outcome))).toEqual(new Set(["ok"]));
});

test("a doctor has at most so many future slots, however many are offered at once", async () => {
  await desk.publish(0);
  const capped = { ...desk.app, doctorMaxSlots: 5 };
  const offers = Array.from({ length: 20 }, (_, i) => desk.offer(60 + i * 30, 30, capped));
  const outcomes = (await Promise.allSettled(offers)).map(outcome).sort();
  expect(outcomes).toEqual([...Array(15).fill("TOO_MANY_SLOTS"), ...Array(5).fill("ok")].sort());
  const slotIds = await desk.app.db.read<{ id: string }>("SELECT id FROM slots WHERE doctor_id = ?", [
    binaryId(desk.doctor.userId),
  ]);
  const change = (useCase: typeof blockSlot, { id: slotId }: { id: string }) =>
    invoke(SlotServiceService.blockSlot, bound(useCase, desk.app), desk.doctor, {
      slotId,
      idempotencyKey: "",
    });
  await change(blockSlot, slotIds[0]!);
  await expect(desk.offer(6000, 30, capped)).rejects.toMatchObject({ reason: "TOO_MANY_SLOTS" });
  await change(withdrawSlot, slotIds[1]!);
  await desk.offer(6000, 30, capped);
});

test("a batch of slots is all or nothing", async () => {
  await desk.publish(0);
  await desk.offer(60);
  const slots = [0, 60, 120].map((start) => ({
    startTime: desk.at(start + 10),
    endTime: desk.at(start + 40),
  }));
  const batch = invoke(SlotServiceService.batchCreateSlots, bound(batchCreateSlots, desk.app), desk.doctor, {
    doctorId: desk.doctor.userId,
    slots,
    idempotencyKey: "",
  });
  await expect(batch).rejects.toMatchObject({ reason: "SLOT_OVERLAP" });
  const rows = await desk.app.db.read("SELECT id FROM slots WHERE doctor_id = ?", [
    binaryId(desk.doctor.userId),
  ]);
  expect(rows).toHaveLength(1);
});

test("a slot whose hold has ended can be blocked, and its booking ends", async () => {
  await desk.publish(5000);
  const slot = await desk.offer(120);
  const { response: held } = await desk.book(slot.id);
  const block = () =>
    invoke(SlotServiceService.blockSlot, bound(blockSlot, desk.app), desk.doctor, {
      slotId: slot.id,
      idempotencyKey: "",
    });
  await expect(block()).rejects.toMatchObject({ reason: "SLOT_HAS_BOOKING" });
  desk.app.clock.advance(HOLD_MS);
  expect((await block()).response.status).toBe("BLOCKED");
  expect(await desk.outboxTypes(held.id)).toEqual(["booking.held", "booking.expired"]);
});
