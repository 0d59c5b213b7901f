import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  AUTHORIZATION_MS,
  type BillingTest,
  LEASE_MS,
  PENDING_DELAY_MS,
  startBilling,
} from "../testing/billing-fixture.ts";

type Held = Awaited<ReturnType<BillingTest["hold"]>>;

let billing: BillingTest;
let patient: Caller & { userId: string };

beforeAll(async () => {
  billing = await startBilling();
});
afterAll(() => billing.app.close());

beforeEach(() => {
  patient = userCaller("PATIENT");
  billing.provider.reset();
});

const authorized = () => billing.authorized(patient);

/** Keeps payers from confirming: moves the outcome of the stub's open charges 30 days into the future. */
const neverConfirm = () =>
  billing.app.db.write("UPDATE stub_charges SET outcome_time = ? WHERE next_action_url IS NOT NULL", [
    new Date(billing.app.clock.now().getTime() + 30 * 24 * 3_600_000),
  ]);

const statusOf = async ({ paymentId }: Held) => (await billing.read(paymentId)).status;

test("a payment cancelled before the provider's answer is voided after it, without an event", async () => {
  const held = await billing.hold(patient);
  await billing.authorize(held.paymentId, patient, "pm_provider_timeout");
  billing.provider.reset();
  await billing.deliver(held.cancelledFree);
  await billing.process();
  expect(billing.provider.calls).toEqual([]);
  expect(await statusOf(held)).toBe("PROCESSING");
  billing.app.clock.advance(LEASE_MS + PENDING_DELAY_MS);
  await billing.process();
  expect(await statusOf(held)).toBe("VOIDED");
  expect(await billing.events(held.paymentId)).toEqual([]);
});

test("a payment cancelled while it waits for its payer is voided at the provider", async () => {
  const held = await billing.hold(patient);
  await billing.authorize(held.paymentId, patient, "pm_requires_action");
  await billing.deliver(held.cancelledFree);
  billing.provider.reset();
  billing.app.clock.advance(LEASE_MS);
  await neverConfirm();
  await billing.process();
  expect(billing.provider.calls).toEqual(["find", "void"]);
  expect(await billing.read(held.paymentId)).toMatchObject({ status: "VOIDED", nextActionUrl: undefined });
  expect(await billing.events(held.paymentId)).toEqual([]);
  expect(await billing.chargeStatuses(held.paymentId)).toEqual(["VOIDED"]);
});

test("an unconfirmed attempt is voided an hour after the hold, the limit of late confirmations", async () => {
  const held = await billing.hold(patient);
  await billing.authorize(held.paymentId, patient, "pm_requires_action");
  await billing.deliver(held.expired);
  await neverConfirm();
  billing.app.clock.advance(3_600_000 - 1);
  await billing.process();
  expect(await statusOf(held)).toBe("PROCESSING");
  billing.app.clock.advance(60_000);
  await billing.process();
  expect(await statusOf(held)).toBe("VOIDED");
});

test("a decline after booking.expired cancels the payment, whatever billing's clock says", async () => {
  const held = await billing.hold(patient);
  billing.provider.onResponse = async () => {
    await billing.deliver(held.expired);
  };
  const declined = { reason: "PAYMENT_DECLINED" };
  await expect(billing.authorize(held.paymentId, patient, "pm_card_declined")).rejects.toMatchObject(
    declined,
  );
  expect(await statusOf(held)).toBe("CANCELLED");
});

test("a step is retried, and a lost answer does not repeat its effect", async () => {
  const held = await authorized();
  await billing.deliver(held.completed);
  billing.provider.onResponse = async () => {
    throw new Error("the answer was lost");
  };
  await billing.process();
  expect(await statusOf(held)).toBe("AUTHORIZED");
  billing.provider.reset();
  await billing.process();
  expect(billing.provider.calls).toEqual([]);
  billing.app.clock.advance(2000);
  await billing.process();
  expect(await statusOf(held)).toBe("CAPTURED");
});

test("a due fee whose authorization expired is a failed capture", async () => {
  const held = await authorized();
  await billing.deliver(held.completed);
  billing.app.clock.advance(AUTHORIZATION_MS);
  await billing.process();
  expect(await statusOf(held)).toBe("VOIDED");
  expect((await billing.auditTrail(held.paymentId)).at(-1)).toBe(
    "payment.capture FAILURE by service:billing",
  );
});

test("an authorization that the provider voids while the booking is on is one failed capture", async () => {
  const held = await authorized();
  billing.app.clock.advance(AUTHORIZATION_MS);
  const attemptId = await billing.attemptOf(held.paymentId);
  await billing.webhook({ id: newId(), type: "charge.updated", attemptId });
  await billing.deliver(held.completed);
  await billing.process();
  expect(await statusOf(held)).toBe("VOIDED");
  expect((await billing.auditTrail(held.paymentId)).slice(3)).toEqual([
    "payment.capture FAILURE by provider:stub",
  ]);
});

test("a decision during the step of another one is processed after it", async () => {
  const held = await authorized();
  await billing.deliver(held.completed);
  billing.provider.onResponse = async () => {
    billing.provider.reset();
    await billing.deliver(held.cancelledFree);
  };
  await billing.process();
  expect(await statusOf(held)).toBe("REFUNDED");
  expect(await billing.refundedAmounts(held.paymentId)).toEqual([5000]);
});

test("concurrent jobs do each step once", async () => {
  const payments = await Promise.all(Array.from({ length: 30 }, authorized));
  for (const held of payments) await billing.deliver(held.completed);
  billing.provider.reset();
  await Promise.all(Array.from({ length: 4 }, () => billing.process()));
  expect(await Promise.all(payments.map(statusOf))).toEqual(Array(30).fill("CAPTURED"));
  expect(billing.provider.calls).toEqual(Array(30).fill("capture"));
});
