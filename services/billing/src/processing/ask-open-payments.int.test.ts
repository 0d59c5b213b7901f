import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { closedGate, confirmRestoreOf } from "@medconnect/platform/testing/closed-gate.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { PaymentServiceService } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import { RefundServiceService } from "@medconnect/proto/medconnect/billing/v1/refund_service.ts";
import { WebhookServiceService } from "@medconnect/proto/medconnect/billing/v1/webhook_service.ts";
import type { Billing } from "../app.ts";
import { authorizePayment } from "../payments/authorize-payment.ts";
import { createRefund } from "../refunds/create-refund.ts";
import { type BillingTest, LEASE_MS, startBilling } from "../testing/billing-fixture.ts";
import { receiveWebhook } from "../webhooks/receive-webhook.ts";
import { askAboutOpenPayments } from "./ask-open-payments.ts";
import { processingJobs } from "./processing-jobs.ts";

const patient = userCaller("PATIENT");
const admin = userCaller("ADMIN");
const UNAVAILABLE = { reason: "UNAVAILABLE" };

let billing: BillingTest;
/** Billing as it starts after a restore. */
let restored: Billing;

beforeAll(async () => {
  billing = await startBilling();
});
afterAll(() => billing.app.close());

beforeEach(async () => {
  await confirmRestoreOf(billing.app);
  await billing.app.db.write("DELETE FROM payments");
  restored = { ...billing.app, outbound: await closedGate(billing.app) };
  billing.provider.reset();
});

const statusOf = async ({ paymentId }: { paymentId: string }) => (await billing.read(paymentId)).status;
const chargeOf = async ({ paymentId }: { paymentId: string }) => ({
  attemptId: await billing.attemptOf(paymentId),
  reference: null,
});

test("applies what the provider did after the moment of the restore", async () => {
  const [captured, voided, unchanged] = [
    await billing.authorized(patient),
    await billing.authorized(patient),
    await billing.authorized(patient),
  ];
  const answered = await billing.hold(patient);
  await billing.authorize(answered.paymentId, patient, "pm_provider_timeout");
  billing.app.clock.advance(LEASE_MS);
  await billing.provider.capture(await chargeOf(captured));
  await billing.provider.void(await chargeOf(voided));
  billing.provider.reset();
  await askAboutOpenPayments(restored)();
  expect(billing.provider.calls).toEqual(Array(4).fill("find"));
  expect(await Promise.all([captured, voided, unchanged, answered].map(statusOf))).toEqual([
    "CAPTURED",
    "VOIDED",
    "AUTHORIZED",
    "AUTHORIZED",
  ]);
  expect((await billing.auditTrail(captured.paymentId)).at(-1)).toBe(
    "payment.capture SUCCESS by command:restore",
  );
  expect(restored.outbound.awaitsReadiness).toBe(false);
});

test("asks about each of many payments", async () => {
  for (let i = 0; i < 45; i++) await billing.authorized(patient);
  billing.provider.reset();
  await askAboutOpenPayments(restored)();
  expect(billing.provider.calls).toHaveLength(45);
});

test("is not ready while the provider leaves a question unanswered", async () => {
  await billing.authorized(patient);
  billing.provider.onRequest = async () => {
    throw new Error("unreachable");
  };
  await expect(askAboutOpenPayments(restored)()).rejects.toThrow("unreachable");
  expect(restored.outbound.awaitsReadiness).toBe(true);
});

test("asks nothing without a restore", async () => {
  await billing.authorized(patient);
  billing.provider.reset();
  await askAboutOpenPayments(billing.app)();
  expect(billing.provider.calls).toEqual([]);
});

test("before the confirmation, nothing changes at the provider", async () => {
  const held = await billing.authorized(patient);
  await billing.deliver(held.completed);
  billing.provider.reset();
  for (const job of processingJobs(restored, 1)) {
    await job.run();
    await job.stop();
  }
  const ids = { paymentId: held.paymentId, idempotencyKey: newId() };
  await expect(
    invoke(PaymentServiceService.authorizePayment, bound(authorizePayment, restored), patient, {
      ...ids,
      paymentMethod: "pm_card_visa",
    }),
  ).rejects.toMatchObject(UNAVAILABLE);
  await expect(
    invoke(RefundServiceService.createRefund, bound(createRefund, restored), admin, {
      ...ids,
      amountMinor: 1,
      reason: "as agreed",
    }),
  ).rejects.toMatchObject(UNAVAILABLE);
  await expect(
    invoke(
      WebhookServiceService.receiveWebhook,
      bound(receiveWebhook, restored),
      { kind: "anonymous" },
      {
        provider: "stub",
        body: undefined,
        signature: "",
      },
    ),
  ).rejects.toMatchObject(UNAVAILABLE);
  expect(billing.provider.calls).toEqual([]);
  expect(await statusOf(held)).toBe("AUTHORIZED");
});
