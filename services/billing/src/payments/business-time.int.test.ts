import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  AUTHORIZATION_MS,
  type BillingTest,
  CAPTURE_BEFORE_EXPIRY_MS,
  PENDING_DELAY_MS,
  startBilling,
} from "../testing/billing-fixture.ts";

let billing: BillingTest;
const patient = userCaller("PATIENT");

beforeAll(async () => {
  billing = await startBilling();
});
afterAll(() => billing.app.close());

const statusOf = async (paymentId: string) => (await billing.read(paymentId)).status;

test("an authorization expires by business time, so its fee is captured before", async () => {
  const { paymentId } = await billing.authorized(patient);
  billing.app.businessClock.advance(AUTHORIZATION_MS - CAPTURE_BEFORE_EXPIRY_MS);
  await billing.captureExpiring();
  await billing.process();
  expect(await statusOf(paymentId)).toBe("CAPTURED");
});

test("a charge gets its outcome by business time, and a webhook about it is signed by machine time", async () => {
  const { paymentId } = await billing.hold(patient);
  await billing.authorize(paymentId, patient, "pm_requires_action");
  const attemptId = await billing.attemptOf(paymentId);
  billing.app.businessClock.advance(PENDING_DELAY_MS);
  await billing.webhook({ id: newId(), type: "charge.updated", attemptId });
  expect(await statusOf(paymentId)).toBe("AUTHORIZED");
});

test("an attempt that nobody confirms is voided in the first run after an advance past its hold", async () => {
  const held = await billing.hold(patient);
  await billing.authorize(held.paymentId, patient, "pm_requires_action");
  await billing.deliver(held.cancelledFree);
  billing.app.businessClock.advance(24 * 3_600_000);
  await billing.process();
  expect(await statusOf(held.paymentId)).toBe("VOIDED");
});
