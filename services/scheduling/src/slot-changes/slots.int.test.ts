import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { processList } from "@medconnect/platform/testing/process-list.ts";
import { bound, invoke } from "@medconnect/platform/testing/test-service.ts";
import { SlotServiceService } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { HOLD_MS, MINUTE_MS, outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { blockSlot, withdrawSlot } from "./change-slot.ts";
import { batchCreateSlots } from "./create-slots.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

test("concurrent creations never make overlapping slots of a doctor", async () => {
  await fixture.createDoctor(0);
  const starts = Array.from({ length: 40 }, (_, i) => 60 + i * 10);
  const results = await Promise.allSettled(starts.map((start) => fixture.createSlot(start)));
  const made = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  expect(new Set(results.map(outcome))).toEqual(new Set(["ok", "SLOT_OVERLAP"]));
  const sorted = made.toSorted((a, b) => a.startTime!.getTime() - b.startTime!.getTime());
  for (const [i, slot] of sorted.entries()) {
    if (i > 0) expect(slot.startTime! >= sorted[i - 1]!.endTime!).toBe(true);
  }
});

test("concurrent creations for one doctor leave connections to others", async () => {
  await fixture.createDoctor(0);
  const { db } = fixture.app;
  const busy = fixture.doctor;
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
  const { promise: isLocked, resolve: lock } = Promise.withResolvers<void>();
  const locking = db.transaction(async (tx) => {
    await tx.read("SELECT id FROM doctors WHERE id = ? FOR UPDATE", [binaryId(busy.userId)]);
    lock();
    await isOver;
  });
  await isLocked;
  const waiting = Array.from({ length: 60 }, (_, i) => fixture.createSlot(60 + i * 30));
  fixture.renewPeople();
  await fixture.createDoctor(0);
  await fixture.createSlot(60);
  const held = (await processList(db)).filter(
    ({ isOfSchema, statement }) => isOfSchema && statement?.includes("slots_version"),
  );
  // A caller may occupy at most a quarter of the connections, of which a test service has 40.
  expect(held.length).toBeLessThanOrEqual(10);
  end();
  await locking;
  expect(new Set((await Promise.allSettled(waiting)).map(outcome))).toEqual(new Set(["ok"]));
});

test("concurrent creations never exceed the limit of future slots", async () => {
  await fixture.createDoctor(0);
  const capped = { ...fixture.app, doctorMaxSlots: 5 };
  const offers = Array.from({ length: 20 }, (_, i) => fixture.createSlot(60 + i * 30, 30, capped));
  const outcomes = (await Promise.allSettled(offers)).map(outcome).sort();
  expect(outcomes).toEqual([...Array(15).fill("TOO_MANY_SLOTS"), ...Array(5).fill("ok")].sort());
  const slotIds = await fixture.app.db.read<{ id: string }>("SELECT id FROM slots WHERE doctor_id = ?", [
    binaryId(fixture.doctor.userId),
  ]);
  const change = (useCase: typeof blockSlot, { id: slotId }: { id: string }) =>
    invoke(SlotServiceService.blockSlot, bound(useCase, fixture.app), fixture.doctor, {
      slotId,
      idempotencyKey: "",
    });
  await change(blockSlot, slotIds[0]!);
  await expect(fixture.createSlot(6000, 30, capped)).rejects.toMatchObject({ reason: "TOO_MANY_SLOTS" });
  await change(withdrawSlot, slotIds[1]!);
  await fixture.createSlot(6000, 30, capped);
});

test("a batch creates all slots or none", async () => {
  await fixture.createDoctor(0);
  await fixture.createSlot(60);
  const slots = [0, 60, 120].map((start) => ({
    startTime: fixture.at(start + 10),
    endTime: fixture.at(start + 40),
  }));
  const batch = invoke(
    SlotServiceService.batchCreateSlots,
    bound(batchCreateSlots, fixture.app),
    fixture.doctor,
    {
      doctorId: fixture.doctor.userId,
      slots,
      idempotencyKey: "",
    },
  );
  await expect(batch).rejects.toMatchObject({ reason: "SLOT_OVERLAP" });
  const rows = await fixture.app.db.read("SELECT id FROM slots WHERE doctor_id = ?", [
    binaryId(fixture.doctor.userId),
  ]);
  expect(rows).toHaveLength(1);
});

test("a new slot may overlap an expired slot only after its withdrawal", async () => {
  await fixture.createDoctor(0);
  const expired = await fixture.createSlot(60, 180);
  fixture.app.clock.advance(70 * MINUTE_MS);
  await expect(fixture.createSlot(20, 30)).rejects.toMatchObject({ reason: "SLOT_OVERLAP" });
  const withdrawal = { slotId: expired.id, idempotencyKey: "" };
  await invoke(SlotServiceService.withdrawSlot, bound(withdrawSlot, fixture.app), fixture.doctor, withdrawal);
  await fixture.createSlot(20, 30);
});

test("blocking a slot with an ended hold ends its booking", async () => {
  await fixture.createDoctor(5000);
  const slot = await fixture.createSlot(120);
  const { response: held } = await fixture.book(slot.id);
  const block = () =>
    invoke(SlotServiceService.blockSlot, bound(blockSlot, fixture.app), fixture.doctor, {
      slotId: slot.id,
      idempotencyKey: "",
    });
  await expect(block()).rejects.toMatchObject({ reason: "SLOT_HAS_BOOKING" });
  fixture.app.clock.advance(HOLD_MS);
  expect((await block()).response.status).toBe("BLOCKED");
  expect(await fixture.outboxTypes(held.id)).toEqual(["booking.held", "booking.expired"]);
});
