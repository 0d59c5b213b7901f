import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type BillingTest, LEASE_MS, PENDING_DELAY_MS, startBilling } from "../testing/billing-fixture.ts";

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

test("an authorization sends an event to scheduling, and its patient can read it", async () => {
  const { paymentId, bookingId } = await billing.hold(patient);
  const { response, replayed } = await billing.authorize(paymentId, patient);
  expect(replayed).toBe(false);
  expect(response).toMatchObject({
    status: "AUTHORIZED",
    amount: { currencyCode: "USD", amountMinor: 5000 },
    refunded: { currencyCode: "USD", amountMinor: 0 },
    authorizeTime: billing.app.clock.now(),
  });
  expect(await billing.read(paymentId, patient)).toEqual(response);
  const events = await billing.events(paymentId);
  expect(events).toMatchObject([{ type: "payment.authorized", state: { value: { bookingId } } }]);
  expect(events.map((event) => stateOf(event, "payment").authorizeTime)).toEqual([response.authorizeTime]);
  expect(await billing.auditTrail(paymentId)).toEqual([
    "payment.create SUCCESS by service:scheduling",
    `payment.attempt SUCCESS by ${patient.userId}`,
    `payment.authorize SUCCESS by ${patient.userId}`,
  ]);
});

test("to another patient the payment does not exist", async () => {
  const { paymentId } = await billing.hold(patient);
  const hidden = { reason: "NOT_FOUND", isDenial: true };
  await expect(billing.authorize(paymentId, userCaller("PATIENT"))).rejects.toMatchObject(hidden);
  await expect(billing.read(paymentId, userCaller("PATIENT"))).rejects.toMatchObject(hidden);
  expect((await billing.read(paymentId, userCaller("ADMIN"))).id).toBe(paymentId);
});

test.each([
  ["pm_card_declined", "card_declined"],
  ["pm_card_insufficient_funds", "insufficient_funds"],
  ["constructor", "invalid_payment_method"],
])("%s is declined, and another key may try again", async (method, declineCode) => {
  const { paymentId } = await billing.hold(patient);
  const declined = { reason: "PAYMENT_DECLINED", metadata: { declineCode } };
  await expect(billing.authorize(paymentId, patient, method, "once")).rejects.toMatchObject(declined);
  expect(await billing.read(paymentId)).toMatchObject({
    status: "REQUIRES_AUTHORIZATION",
    lastError: declineCode,
  });
  await expect(billing.authorize(paymentId, patient, method, "once")).rejects.toMatchObject(declined);
  expect((await billing.authorize(paymentId, patient)).response.status).toBe("AUTHORIZED");
  expect((await billing.read(paymentId)).lastError).toBeUndefined();
  expect(await billing.chargeStatuses(paymentId)).toEqual(["DECLINED", "AUTHORIZED"]);
});

test.each([
  ["pm_provider_timeout", undefined],
  ["pm_requires_action", expect.stringContaining("https://stub.test/confirm/")],
])("%s answers PROCESSING, and the processing job authorizes it", async (method, nextActionUrl) => {
  const { paymentId } = await billing.hold(patient);
  const { response } = await billing.authorize(paymentId, patient, method, "once");
  expect(response).toMatchObject({ status: "PROCESSING", nextActionUrl });
  billing.app.clock.advance(LEASE_MS + PENDING_DELAY_MS);
  await billing.process();
  expect(await billing.read(paymentId)).toMatchObject({ status: "AUTHORIZED", nextActionUrl: undefined });
  expect(await billing.events(paymentId)).toHaveLength(1);
  expect(await billing.authorize(paymentId, patient, method, "once")).toEqual({ response, replayed: true });
});

test("a key cannot be reused for another request", async () => {
  const { paymentId } = await billing.hold(patient);
  await billing.authorize(paymentId, patient, "pm_card_visa", "once");
  await expect(billing.authorize(paymentId, patient, "pm_card_declined", "once")).rejects.toMatchObject({
    reason: "IDEMPOTENCY_KEY_REUSED",
  });
});

test("payment methods are encrypted in the database, and deleted with the end of the attempt", async () => {
  const { paymentId } = await billing.hold(patient);
  const methodOf = async () => {
    const [row] = await billing.app.db.read<{ paymentMethod: Buffer | null }>(
      "SELECT payment_method AS paymentMethod FROM payment_attempts WHERE payment_id = ?",
      [binaryId(paymentId)],
    );
    return row?.paymentMethod;
  };
  await billing.authorize(paymentId, patient, "pm_provider_timeout");
  expect((await methodOf())?.includes("pm_")).toBe(false);
  billing.app.clock.advance(LEASE_MS);
  await billing.process();
  expect(await methodOf()).toBeNull();
});
