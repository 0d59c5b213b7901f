import { afterEach, beforeEach, expect, test } from "@jest/globals";
import Stripe from "stripe";
import { billingSettings } from "../settings.ts";
import { StripeProvider, TIMEOUT_MS } from "./stripe-provider.ts";
import { CAPTURE_BEFORE, StripeStandIn } from "./testing/stripe-stand-in.ts";

const WEBHOOK_SECRET = "whsec_test";
const now = new Date("2030-01-01T09:00:00Z");
const amount = { currencyCode: "USD", amountMinor: 5000 };

let stripe: StripeStandIn;
let provider: StripeProvider;

beforeEach(async () => {
  stripe = new StripeStandIn();
  provider = new StripeProvider({
    apiKey: "sk_test_1",
    webhookSecret: WEBHOOK_SECRET,
    apiUrl: await stripe.start(),
    returnUrl: "https://clinic.test/paid",
    clock: { now: () => now },
  });
});
afterEach(() => stripe.stop());

const authorize = (paymentMethod = "pm_card_visa", attemptId = "a1") =>
  provider.authorize({ attemptId, amount, paymentMethod });

/**
 * Number of answers to drop so that a call fails: two, because the Stripe library repeats a request once
 * after a broken connection.
 */
const LOSE_ANSWER = 2;

const byAttempt = { attemptId: "a1", reference: null };
const byReference = { attemptId: "a1", reference: "pi_1" };

const refund = (amountMinor: number, refundId = "r1", reference: string | null = null) =>
  provider.refund({ refundId, reference, charge: byReference, amount: { ...amount, amountMinor } });

test("an attempt is one intent with manual capture and the attempt's id as key", async () => {
  const charge = await authorize();
  expect(charge).toEqual({
    reference: "pi_1",
    status: "AUTHORIZED",
    declineCode: null,
    nextActionUrl: null,
    authorizationExpireTime: new Date(CAPTURE_BEFORE * 1000),
  });
  expect(await authorize()).toEqual(charge);
  expect(stripe.intents.size).toBe(1);
  const [first] = stripe.requests;
  expect(first?.key).toBe("a1");
  expect(Object.fromEntries(first?.form ?? [])).toMatchObject({
    amount: "5000",
    currency: "usd",
    capture_method: "manual",
    confirm: "true",
    "metadata[attempt_id]": "a1",
  });
});

test.each([
  ["pm_card_visa_chargeDeclined", "pi_1", "insufficient_funds"],
  ["pm_unknown", null, "resource_missing"],
])("%s is declined", async (method, reference, declineCode) => {
  expect(await authorize(method)).toMatchObject({ status: "DECLINED", reference, declineCode });
});

const INVALID = "invalid_request_error";

test.each([
  [{ status: 400, type: INVALID, code: "amount_too_small" }, "amount_too_small"],
  [{ status: 404, type: INVALID, code: "resource_missing" }, "resource_missing"],
  [{ status: 400, type: INVALID }, INVALID],
])("the permanent refusal %j is DECLINED", async (refusal, declineCode) => {
  stripe.refusal = refusal;
  expect(await authorize()).toMatchObject({ status: "DECLINED", reference: null, declineCode });
});

test.each([
  { status: 409, type: INVALID, code: "idempotency_key_in_use" },
  { status: 400, type: "idempotency_error" },
  { status: 401, type: INVALID, code: "api_key_expired" },
  { status: 403, type: INVALID },
  { status: 429, type: INVALID, code: "lock_timeout" },
  { status: 400, type: INVALID, code: "rate_limit" },
  { status: 500, type: "api_error" },
])("after %j the outcome is unknown", async (refusal) => {
  stripe.refusal = refusal;
  await expect(authorize()).rejects.toThrow();
});

test("an attempt that waits for its payer can be voided", async () => {
  await authorize("pm_card_authenticationRequired");
  expect(await provider.void(byReference)).toMatchObject({ status: "VOIDED", nextActionUrl: null });
});

test("an attempt that needs confirmation has an URL, and is AUTHORIZED afterwards", async () => {
  expect(await authorize("pm_card_authenticationRequired")).toMatchObject({
    status: "PENDING",
    nextActionUrl: "https://stripe.test/3ds",
  });
  stripe.confirm("pi_1");
  // Stripe repeats its first answer to the idempotency key, so the charge is still PENDING although the payer
  // has confirmed.
  expect(await authorize("pm_card_authenticationRequired")).toMatchObject({ status: "PENDING" });
  expect(await provider.find(byReference)).toMatchObject({ status: "AUTHORIZED", nextActionUrl: null });
});

test("a lost answer is found by the attempt's id or repeated, and nothing is charged twice", async () => {
  stripe.dropAnswers = LOSE_ANSWER;
  await expect(authorize()).rejects.toThrow();
  stripe.searchable = false;
  expect(await provider.find(byAttempt)).toBeUndefined();
  expect(await authorize()).toMatchObject({ reference: "pi_1", status: "AUTHORIZED" });
  stripe.searchable = true;
  expect(await provider.find(byAttempt)).toMatchObject({ reference: "pi_1", status: "AUTHORIZED" });
  expect(stripe.intents.size).toBe(1);
});

test("an attempt that never arrived is not found", async () => {
  expect(await provider.find(byAttempt)).toBeUndefined();
  await expect(provider.capture(byAttempt)).rejects.toThrow("no intent");
});

test("a capture is final, also after a lost answer, another capture and a void", async () => {
  await authorize();
  stripe.dropAnswers = LOSE_ANSWER;
  await expect(provider.capture(byReference)).rejects.toThrow();
  for (const charge of [
    await provider.capture(byReference),
    await provider.capture(byAttempt),
    await provider.void(byReference),
  ]) {
    expect(charge).toMatchObject({ reference: "pi_1", status: "CAPTURED" });
  }
});

test("a voided attempt cannot be captured", async () => {
  await authorize();
  expect(await provider.void(byReference)).toMatchObject({ status: "VOIDED" });
  expect(await provider.capture(byReference)).toMatchObject({ status: "VOIDED" });
});

test("a repeated refund is made once", async () => {
  await authorize();
  await provider.capture(byReference);
  expect(await refund(2000)).toEqual({ reference: "re_1", status: "SUCCEEDED" });
  expect(await refund(2000)).toEqual({ reference: "re_1", status: "SUCCEEDED" });
  expect(stripe.refunds.size).toBe(1);
  expect(stripe.requests.find(({ route }) => route === "POST /v1/refunds")?.key).toBe("r1");
  expect(await refund(3001, "r2")).toEqual({ reference: null, status: "FAILED" });
});

test.each([
  ["pending", "PENDING"],
  ["requires_action", "PENDING"],
  ["failed", "FAILED"],
  ["canceled", "FAILED"],
])("a refund with status %s is %s until Stripe changes it", async (stripeStatus, status) => {
  await authorize();
  await provider.capture(byReference);
  stripe.refundStatus = stripeStatus;
  expect(await refund(2000)).toEqual({ reference: "re_1", status });
  for (const existing of stripe.refunds.values()) existing.status = "succeeded";
  expect(await refund(2000, "r1", "re_1")).toEqual({ reference: "re_1", status: "SUCCEEDED" });
});

test("the lease of an attempt is longer than the timeout of a call", () => {
  expect(billingSettings.ATTEMPT_LEASE.parse(undefined)).toBeGreaterThan(TIMEOUT_MS);
});

test("without a connection the outcome is unknown", async () => {
  stripe.stop();
  await expect(authorize()).rejects.toThrow();
});

/** Signs a webhook event with Stripe's library, and returns a function that reads the event. */
function webhook(type: string, object: object, secret = WEBHOOK_SECRET, ageS = 0) {
  const payload = JSON.stringify({ id: "evt_1", object: "event", type, data: { object } });
  const timestamp = now.getTime() / 1000 - ageS;
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
  return () => provider.readWebhook(Buffer.from(payload), signature);
}

const intent = { id: "pi_1", object: "payment_intent", metadata: { attempt_id: "a1" } };

test.each([
  ["payment_intent.succeeded", intent, { kind: "charge", charge: byReference }],
  [
    "refund.updated",
    { id: "re_1", object: "refund", metadata: { refund_id: "r1" } },
    { kind: "refund", refundId: "r1", reference: "re_1" },
  ],
  ["payment_intent.succeeded", { ...intent, metadata: {} }, undefined],
  ["refund.created", { id: "re_1", object: "refund", metadata: null }, undefined],
  ["customer.created", { id: "cus_1", object: "customer" }, undefined],
])("the webhook %s of %j has the subject %j", (type, object, subject) => {
  expect(webhook(type, object)()).toEqual({ id: "evt_1", subject });
});

test("a forged, old or unsigned webhook is refused", () => {
  const forged = expect.objectContaining({ reason: "INVALID_SIGNATURE" });
  expect(webhook("payment_intent.succeeded", intent, "whsec_other")).toThrow(forged);
  expect(webhook("payment_intent.succeeded", intent, WEBHOOK_SECRET, 301)).toThrow(forged);
  expect(webhook("payment_intent.succeeded", intent, WEBHOOK_SECRET, 299)).not.toThrow();
  expect(() => provider.readWebhook(Buffer.from("{}"), "")).toThrow(forged);
});
