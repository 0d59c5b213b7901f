import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type BillingTest, LEASE_MS, startBilling } from "../testing/billing-fixture.ts";
import { HOLD_MS } from "../testing/booking-events.ts";

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

const unreachable = async () => {
  throw new Error("unreachable");
};

/**
 * Starts an authorization in a process that dies before the provider gets the request, or before the answer
 * of the provider arrives.
 */
async function authorizeAndDie(
  paymentId: string,
  method: string,
  key: string,
  hook: "onRequest" | "onResponse",
) {
  const reached = Promise.withResolvers<void>();
  billing.provider[hook] = () => {
    reached.resolve();
    return new Promise(() => {});
  };
  void billing.authorize(paymentId, patient, method, key);
  await reached.promise;
  billing.provider.reset();
}

test("the processing job retries an unreachable provider with backoff", async () => {
  const { paymentId } = await billing.hold(patient);
  billing.provider.onResponse = unreachable;
  await billing.authorize(paymentId, patient, "pm_requires_action");
  billing.provider.reset();
  for (const waitMs of [2000, 2000, 4000, 8000]) {
    billing.provider.onRequest = unreachable;
    billing.app.clock.advance(waitMs - 1);
    await billing.process();
    billing.app.clock.advance(1);
    await billing.process();
    await billing.process();
    expect(billing.provider.calls).toEqual(["find"]);
    billing.provider.reset();
  }
  billing.app.clock.advance(16_000);
  await billing.process();
  expect((await billing.read(paymentId)).status).toBe("AUTHORIZED");
});

test("the processing job leaves an attempt to its request until the lease ends", async () => {
  const { paymentId } = await billing.hold(patient);
  await authorizeAndDie(paymentId, "pm_card_visa", "once", "onRequest");
  billing.app.clock.advance(LEASE_MS - 1);
  await billing.process();
  expect(billing.provider.calls).toEqual([]);
  billing.app.clock.advance(1);
  await billing.process();
  expect((await billing.read(paymentId)).status).toBe("AUTHORIZED");
});

test("process dies before the request: the job sends it once, and a repeat gets the outcome", async () => {
  const { paymentId } = await billing.hold(patient);
  await authorizeAndDie(paymentId, "pm_card_visa", "once", "onRequest");
  await expect(billing.authorize(paymentId, patient, "pm_card_visa", "once")).rejects.toMatchObject({
    reason: "IDEMPOTENCY_IN_PROGRESS",
  });
  billing.app.clock.advance(LEASE_MS - 1);
  await billing.process();
  expect(billing.provider.calls).toEqual([]);
  billing.app.clock.advance(1);
  await billing.process();
  expect(billing.provider.calls).toEqual(["find", "authorize"]);
  const { response, replayed } = await billing.authorize(paymentId, patient, "pm_card_visa", "once");
  expect([response.status, replayed]).toEqual(["AUTHORIZED", true]);
  expect(await billing.chargeStatuses(paymentId)).toEqual(["AUTHORIZED"]);
});

test("process dies after the decline: the job asks, and a repeat gets the decline", async () => {
  const { paymentId } = await billing.hold(patient);
  await authorizeAndDie(paymentId, "pm_card_declined", "once", "onResponse");
  billing.app.clock.advance(LEASE_MS);
  await billing.process();
  expect(billing.provider.calls).toEqual(["find"]);
  await expect(billing.authorize(paymentId, patient, "pm_card_declined", "once")).rejects.toMatchObject({
    reason: "PAYMENT_DECLINED",
    metadata: { declineCode: "card_declined" },
  });
  expect((await billing.auditTrail(paymentId)).at(-1)).toBe("payment.authorize FAILURE by service:billing");
});

test("a request slower than its lease shares one charge, event and answer with the job", async () => {
  const { paymentId, completed } = await billing.hold(patient);
  const [answered, delay] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  billing.provider.onResponse = () => {
    answered.resolve();
    return delay.promise;
  };
  const slow = billing.authorize(paymentId, patient, "pm_card_visa", "once");
  await answered.promise;
  billing.provider.onResponse = async () => {};
  billing.app.clock.advance(LEASE_MS);
  await billing.process();
  await billing.deliver(completed);
  await billing.process();
  expect((await billing.read(paymentId)).status).toBe("CAPTURED");
  delay.resolve();
  const { response } = await slow;
  expect(response.status).toBe("AUTHORIZED");
  expect((await billing.read(paymentId)).status).toBe("CAPTURED");
  expect(await billing.authorize(paymentId, patient, "pm_card_visa", "once")).toEqual({
    response,
    replayed: true,
  });
  expect(await billing.chargeStatuses(paymentId)).toEqual(["CAPTURED"]);
  expect(await billing.events(paymentId)).toHaveLength(1);
});

test("a late decline does not end a later attempt", async () => {
  const { paymentId } = await billing.hold(patient);
  const [answered, delay] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  billing.provider.onResponse = () => {
    answered.resolve();
    return delay.promise;
  };
  const slow = billing.authorize(paymentId, patient, "pm_card_declined", "first");
  await answered.promise;
  billing.provider.reset();
  billing.app.clock.advance(LEASE_MS);
  await billing.process();
  await billing.authorize(paymentId, patient, "pm_requires_action", "second");
  delay.resolve();
  await expect(slow).rejects.toMatchObject({ reason: "PAYMENT_DECLINED" });
  expect((await billing.read(paymentId)).status).toBe("PROCESSING");
});

test("no attempt starts after the hold; an earlier one may end after it", async () => {
  const [late, declined, slow] = [
    await billing.hold(patient),
    await billing.hold(patient),
    await billing.hold(patient),
  ];
  await authorizeAndDie(declined.paymentId, "pm_card_declined", "first", "onRequest");
  await authorizeAndDie(slow.paymentId, "pm_card_visa", "second", "onRequest");

  billing.app.clock.advance(HOLD_MS);
  await expect(billing.authorize(late.paymentId, patient)).rejects.toMatchObject({ reason: "HOLD_EXPIRED" });
  await billing.deliver(late.expired);
  await expect(billing.authorize(late.paymentId, patient)).rejects.toMatchObject({ reason: "HOLD_EXPIRED" });
  await billing.process();
  expect((await billing.read(declined.paymentId)).status).toBe("CANCELLED");
  expect((await billing.read(slow.paymentId)).status).toBe("AUTHORIZED");
  expect(await billing.events(slow.paymentId)).toHaveLength(1);
});
