import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { HOLD_MS, SchedulingFixture } from "../testing/scheduling-fixture.ts";
import { sweepHolds } from "./expire-bookings.ts";

let desk: SchedulingFixture;

beforeAll(async () => {
  desk = await SchedulingFixture.open();
});
afterAll(() => desk.close());
beforeEach(() => desk.admit());

test("a payment in time confirms the booking", async () => {
  await desk.publish(5000);
  const slot = await desk.offer(120);
  const { response: held } = await desk.book(slot.id);
  await desk.authorized(held.id);
  await desk.authorized(held.id);
  expect((await desk.read(held.id)).status).toBe("CONFIRMED");
  expect(await desk.slotStatus(slot.id)).toBe("BOOKED");
});

test("a late payment confirms where the slot is still free, and is refused where it is taken", async () => {
  await desk.publish(5000);
  const slot = await desk.offer(120);
  const { response: late } = await desk.book(slot.id);
  desk.app.clock.advance(HOLD_MS);
  await sweepHolds(desk.app)();
  await desk.authorized(late.id);
  expect((await desk.read(late.id)).status).toBe("CONFIRMED");

  const taken = await desk.offer(180);
  const { response: lost } = await desk.book(taken.id, userCaller("PATIENT"));
  desk.app.clock.advance(HOLD_MS);
  await desk.book(taken.id, userCaller("PATIENT"));
  await desk.authorized(lost.id);
  expect(await desk.outboxTypes(lost.id)).toEqual([
    "booking.held",
    "booking.expired",
    "booking.payment_refused",
  ]);
});

test("a payment that waits for its payer keeps no slot: another patient has it from the end of the hold", async () => {
  await desk.publish(5000);
  const slot = await desk.offer(120);
  const { response: waiting } = await desk.book(slot.id);
  const other = userCaller("PATIENT");
  desk.app.clock.advance(HOLD_MS - 1);
  await expect(desk.book(slot.id, other)).rejects.toMatchObject({ reason: "SLOT_UNAVAILABLE" });
  desk.app.clock.advance(1);
  const { response: others } = await desk.book(slot.id, other);
  await desk.authorized(others.id);
  // The payer confirms only now: the money is returned, also after each retry.
  await desk.authorized(waiting.id);
  await expect(desk.book(slot.id)).rejects.toMatchObject({ reason: "SLOT_UNAVAILABLE" });
  expect(await desk.read(others.id, desk.admin)).toMatchObject({ status: "CONFIRMED" });
  expect(await desk.read(waiting.id)).toMatchObject({ status: "EXPIRED", feeDecision: "RELEASE" });
  expect((await desk.outboxTypes(waiting.id)).at(-1)).toBe("booking.payment_refused");
});

/** A paid slot that the patient holds, and one of another doctor's at the same time. */
async function holdAndOverlap() {
  await desk.publish(5000);
  const { response: held } = await desk.book((await desk.offer(120)).id);
  desk.doctor = userCaller("DOCTOR");
  await desk.publish(0);
  return { held, other: await desk.offer(135) };
}

test("a patient does not get a second booking while the payment of a hold that ends is not committed yet", async () => {
  const { held, other } = await holdAndOverlap();
  const payment = desk.pausedBeforeCommit((paused) => desk.authorized(held.id, paused));
  await payment.isPaused;
  desk.app.clock.advance(HOLD_MS);
  const second = desk.book(other.id);
  await desk.doneOrWaiting(second);
  payment.commit();
  await payment.done;
  await expect(second).rejects.toMatchObject({ reason: "PATIENT_OVERLAP" });
  expect((await desk.read(held.id)).status).toBe("CONFIRMED");
});

test("a payment that waits while its hold ends and the patient books another time is refused", async () => {
  const { held, other } = await holdAndOverlap();
  const atEndOfHold = { now: () => held.holdExpireTime! };
  const second = desk.pausedBeforeCommit(
    (paused) => desk.book(other.id, desk.patient, newId(), paused),
    atEndOfHold,
  );
  await second.isPaused;
  const payment = desk.authorized(held.id);
  await desk.doneOrWaiting(payment);
  desk.app.clock.advance(HOLD_MS);
  second.commit();
  await Promise.all([second.done, payment]);
  expect((await desk.read(held.id)).status).toBe("EXPIRED");
  expect(await desk.outboxTypes(held.id)).toEqual(["booking.held", "booking.payment_refused"]);
});
