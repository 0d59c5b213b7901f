import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { HOLD_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { sweepHolds } from "./expire-bookings.ts";

let fixture: SchedulingFixture;

beforeAll(async () => {
  fixture = await SchedulingFixture.open();
});
afterAll(() => fixture.close());
beforeEach(() => fixture.renewPeople());

test("a payment in time confirms the booking", async () => {
  await fixture.createDoctor(5000);
  const slot = await fixture.createSlot(120);
  const { response: held } = await fixture.book(slot.id);
  await fixture.paymentAuthorized(held.id);
  await fixture.paymentAuthorized(held.id);
  expect((await fixture.read(held.id)).status).toBe("CONFIRMED");
  expect(await fixture.slotStatus(slot.id)).toBe("BOOKED");
});

test("a late payment confirms if the slot is free, and is refused if it is taken", async () => {
  await fixture.createDoctor(5000);
  const slot = await fixture.createSlot(120);
  const { response: late } = await fixture.book(slot.id);
  fixture.app.clock.advance(HOLD_MS);
  await sweepHolds(fixture.app)();
  await fixture.paymentAuthorized(late.id);
  expect((await fixture.read(late.id)).status).toBe("CONFIRMED");

  const taken = await fixture.createSlot(180);
  const { response: lost } = await fixture.book(taken.id, userCaller("PATIENT"));
  fixture.app.clock.advance(HOLD_MS);
  await fixture.book(taken.id, userCaller("PATIENT"));
  await fixture.paymentAuthorized(lost.id);
  expect(await fixture.outboxTypes(lost.id)).toEqual([
    "booking.held",
    "booking.expired",
    "booking.payment_refused",
  ]);
});

test("a payment that waits for its payer keeps no slot after the end of the hold", async () => {
  await fixture.createDoctor(5000);
  const slot = await fixture.createSlot(120);
  const { response: waiting } = await fixture.book(slot.id);
  const other = userCaller("PATIENT");
  fixture.app.clock.advance(HOLD_MS - 1);
  await expect(fixture.book(slot.id, other)).rejects.toMatchObject({ reason: "SLOT_UNAVAILABLE" });
  fixture.app.clock.advance(1);
  const { response: others } = await fixture.book(slot.id, other);
  await fixture.paymentAuthorized(others.id);
  // The patient pays after another patient has booked the slot, so the payment is refused.
  await fixture.paymentAuthorized(waiting.id);
  await expect(fixture.book(slot.id)).rejects.toMatchObject({ reason: "SLOT_UNAVAILABLE" });
  expect(await fixture.read(others.id, fixture.admin)).toMatchObject({ status: "CONFIRMED" });
  expect(await fixture.read(waiting.id)).toMatchObject({ status: "EXPIRED", feeDecision: "RELEASE" });
  expect((await fixture.outboxTypes(waiting.id)).at(-1)).toBe("booking.payment_refused");
});

/** A paid slot that the patient holds, and a slot of another doctor at the same time. */
async function holdAndOverlap() {
  await fixture.createDoctor(5000);
  const { response: held } = await fixture.book((await fixture.createSlot(120)).id);
  fixture.doctor = userCaller("DOCTOR");
  await fixture.createDoctor(0);
  return { held, other: await fixture.createSlot(135) };
}

test("a patient gets no second booking at the time of a payment that is not committed yet", async () => {
  const { held, other } = await holdAndOverlap();
  const payment = fixture.pausedBeforeCommit((paused) => fixture.paymentAuthorized(held.id, paused));
  await payment.isPaused;
  fixture.app.clock.advance(HOLD_MS);
  const second = fixture.book(other.id);
  await fixture.doneOrWaiting(second);
  payment.commit();
  await payment.done;
  await expect(second).rejects.toMatchObject({ reason: "PATIENT_OVERLAP" });
  expect((await fixture.read(held.id)).status).toBe("CONFIRMED");
});

test("a payment is refused if its hold ended and the patient booked another slot at that time", async () => {
  const { held, other } = await holdAndOverlap();
  const atEndOfHold = { kind: "business", now: () => held.holdExpireTime! } as const;
  const second = fixture.pausedBeforeCommit(
    (paused) => fixture.book(other.id, fixture.patient, newId(), paused),
    atEndOfHold,
  );
  await second.isPaused;
  const payment = fixture.paymentAuthorized(held.id);
  await fixture.doneOrWaiting(payment);
  fixture.app.clock.advance(HOLD_MS);
  second.commit();
  await Promise.all([second.done, payment]);
  expect((await fixture.read(held.id)).status).toBe("EXPIRED");
  expect(await fixture.outboxTypes(held.id)).toEqual(["booking.held", "booking.payment_refused"]);
});
