import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { HOLD_MS, outcome, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { sweepHolds } from "./expire-bookings.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

test("of many concurrent patients, exactly one gets a slot", async () => {
  await fixture.createDoctor(0);
  const slot = await fixture.createSlot(60);
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, () => fixture.book(slot.id, userCaller("PATIENT"))),
  );
  const outcomes = results.map(outcome).sort();
  expect(outcomes).toEqual([...Array(49).fill("SLOT_UNAVAILABLE"), "ok"]);
});

test("concurrent requests of a patient never make overlapping bookings", async () => {
  await fixture.createDoctor(0);
  const first = await fixture.createSlot(60);
  const other = userCaller("DOCTOR");
  const mine = fixture.doctor;
  fixture.doctor = other;
  await fixture.createDoctor(0);
  const second = await fixture.createSlot(75);
  fixture.doctor = mine;
  for (let round = 0; round < 5; round++) {
    const someone = userCaller("PATIENT");
    const results = await Promise.allSettled([
      fixture.book(first.id, someone),
      fixture.book(second.id, someone),
    ]);
    const won = results.filter((result) => result.status === "fulfilled");
    expect(won).toHaveLength(1);
    expect(results.map(outcome)).toContain("PATIENT_OVERLAP");
    for (const { value } of won as PromiseFulfilledResult<Awaited<ReturnType<typeof fixture.book>>>[]) {
      await fixture.cancel(value.response.id, someone);
    }
  }
});

test("concurrent requests with one key make one booking and get the same response", async () => {
  await fixture.createDoctor(0);
  const slot = await fixture.createSlot(60);
  const results = await Promise.all(
    Array.from({ length: 30 }, () => fixture.book(slot.id, fixture.patient, "once")),
  );
  expect(new Set(results.map(({ response }) => JSON.stringify(response))).size).toBe(1);
  expect(results.filter(({ replayed }) => !replayed)).toHaveLength(1);
});

test("the key of a refused booking books the slot when it is open again, and no other slot", async () => {
  await fixture.createDoctor(0);
  const slot = await fixture.createSlot(60);
  const someone = userCaller("PATIENT");
  const { response: first } = await fixture.book(slot.id, someone);
  const book = (slotId: string) => fixture.book(slotId, fixture.patient, "refused");
  await expect(book(slot.id)).rejects.toMatchObject({ reason: "SLOT_UNAVAILABLE" });
  await fixture.cancel(first.id, someone);
  const booked = await book(slot.id);
  expect(booked).toMatchObject({ replayed: false, response: { slotId: slot.id } });
  expect(await book(slot.id)).toEqual({ ...booked, replayed: true });
  await expect(book((await fixture.createSlot(120)).id)).rejects.toMatchObject({
    reason: "IDEMPOTENCY_KEY_REUSED",
  });
});

test("a repeated booking gets its first response even during the cooldown of its slot", async () => {
  await fixture.createDoctor(5000);
  const slot = await fixture.createSlot(120);
  const { response } = await fixture.book(slot.id, fixture.patient, "lost answer");
  await fixture.cancel(response.id, fixture.patient);
  await expect(fixture.book(slot.id)).rejects.toMatchObject({ reason: "HOLD_COOLDOWN" });
  expect(await fixture.book(slot.id, fixture.patient, "lost answer")).toEqual({ response, replayed: true });
});

test("a paid slot is held until the hold ends, and then open to others before the sweep", async () => {
  await fixture.createDoctor(5000);
  const slot = await fixture.createSlot(120);
  const { response: held } = await fixture.book(slot.id);
  expect(held).toMatchObject({ status: "PENDING_PAYMENT", fee: { currencyCode: "USD", amountMinor: 5000 } });
  await expect(fixture.book(slot.id, userCaller("PATIENT"))).rejects.toMatchObject({
    reason: "SLOT_UNAVAILABLE",
  });

  fixture.app.clock.advance(HOLD_MS);
  expect(await fixture.slotStatus(slot.id)).toBe("OPEN");
  expect((await fixture.read(held.id)).status).toBe("EXPIRED");
  await fixture.book(slot.id, userCaller("PATIENT"));
  expect(await fixture.outboxTypes(held.id)).toEqual(["booking.held", "booking.expired"]);
});

test("the sweep ends an unpaid hold once, with an event to billing", async () => {
  await fixture.createDoctor(5000);
  const slot = await fixture.createSlot(120);
  const { response: held } = await fixture.book(slot.id);
  fixture.app.clock.advance(HOLD_MS);
  await sweepHolds(fixture.app)();
  await sweepHolds(fixture.app)();
  expect(await fixture.outboxTypes(held.id)).toEqual(["booking.held", "booking.expired"]);
  expect(await fixture.slotStatus(slot.id)).toBe("OPEN");
});
