import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type BillingTest, startBilling } from "../testing/billing-fixture.ts";
import { findPayment } from "./payment-store.ts";

let billing: BillingTest;
beforeAll(async () => {
  billing = await startBilling();
});
afterAll(() => billing.app.close());

type Held = Awaited<ReturnType<BillingTest["hold"]>>;

const victim = userCaller("PATIENT");
const attacker = userCaller("PATIENT");

const authorized = () => billing.authorized(victim);

/**
 * Events of the attacker's own booking and consultation. An attacker who can write to the sender's schema can
 * make these events name another patient's payment.
 */
const BOOKING_EVENTS = [
  "expired",
  "cancelledFree",
  "cancelledLate",
  "refused",
  "closedCharged",
  "closedReleased",
] as const;
const CONSULTATION_EVENTS = ["completed", "completedByLateDoctor", "abandoned"] as const;

async function expectRefused(target: Held, event: Parameters<BillingTest["deliver"]>[0]): Promise<void> {
  const before = await findPayment(billing.app.db, target.paymentId);
  expect(await billing.deliver(event)).toEqual(["RECORD_ALTERED"]);
  await billing.process();
  expect(await findPayment(billing.app.db, target.paymentId)).toEqual(before);
}

test.each(BOOKING_EVENTS)("%s of an own booking cannot change another patient's payment", async (type) => {
  const [target, own] = [await authorized(), await billing.hold(attacker)];
  const { state, ...event } = own[type];
  await expectRefused(target, {
    ...event,
    state: { $case: "booking", value: { ...state.value, paymentId: target.paymentId } },
  });
});

test.each(CONSULTATION_EVENTS)(
  "%s of an own consultation cannot change another patient's payment, also with the matching booking id",
  async (type) => {
    const [target, own] = [await authorized(), await billing.hold(attacker)];
    const { paymentId, bookingId } = target;
    const { state, ...event } = own[type];
    await expectRefused(target, {
      ...event,
      state: { $case: "consultation", value: { ...state.value, paymentId } },
    });
    await expectRefused(target, {
      ...event,
      state: { $case: "consultation", value: { ...state.value, paymentId, bookingId } },
    });
  },
);

test.each(["patientId", "doctorId", "consultationId"])(
  "an event with another %s than the payment's changes nothing",
  async (column) => {
    const target = await authorized();
    const { state, ...event } = target.cancelledFree;
    await expectRefused(target, {
      ...event,
      state: { $case: "booking", value: { ...state.value, [column]: newId() } },
    });
  },
);

test("a redirected event does not stop the others of its batch", async () => {
  const [target, own, other] = [await authorized(), await billing.hold(attacker), await authorized()];
  const { state, ...event } = own.cancelledFree;
  const crossed = { ...event, state: { ...state, value: { ...state.value, paymentId: target.paymentId } } };
  expect(await billing.deliver(crossed, other.cancelledFree)).toEqual(["RECORD_ALTERED"]);
  await billing.process();
  expect([
    (await billing.read(target.paymentId)).status,
    (await billing.read(other.paymentId)).status,
  ]).toEqual(["AUTHORIZED", "VOIDED"]);
});

test("booking.held with another booking's payment id changes nothing", async () => {
  const target = await authorized();
  const before = await findPayment(billing.app.db, target.paymentId);
  const { held } = billing.booking(attacker, target.paymentId);
  expect(await billing.deliver(held)).toHaveLength(1);
  expect(await findPayment(billing.app.db, target.paymentId)).toEqual(before);
});
