import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type BillingTest, LEASE_MS, startBilling } from "../testing/billing-fixture.ts";
import { processingJobs } from "./processing-jobs.ts";

const EVERY_MS = 60_000;

let billing: BillingTest;

beforeEach(async () => {
  billing = await startBilling();
});
afterEach(() => billing.app.close());

test("a hanging call for a payment does not delay refunds", async () => {
  const patient = userCaller("PATIENT");
  const [refunded, hanging] = [await billing.hold(patient), await billing.hold(patient)];
  for (const { paymentId } of [refunded, hanging]) await billing.authorize(paymentId, patient);
  await billing.deliver(refunded.completed);
  await billing.process();
  const { refund } = billing.provider;
  billing.provider.refund = async () => ({ reference: "re_1", status: "PENDING" });
  const { id } = (await billing.refund(refunded.paymentId, 5000)).response;

  const [called, refundSent] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const answer = Promise.withResolvers<void>();
  const { capture } = billing.provider;
  billing.provider.capture = async (charge) => {
    called.resolve();
    await answer.promise;
    return await capture(charge);
  };
  billing.provider.refund = async (order) => {
    refundSent.resolve();
    return await refund(order);
  };
  await billing.deliver(hanging.completed);
  billing.app.clock.advance(LEASE_MS);
  const jobs = processingJobs(billing.app, EVERY_MS);
  for (const job of jobs) job.kick();
  try {
    await Promise.all([called.promise, refundSent.promise]);
    expect((await billing.read(hanging.paymentId)).status).toBe("AUTHORIZED");
  } finally {
    answer.resolve();
    await Promise.all(jobs.map((job) => job.stop()));
  }
  expect((await billing.readRefund(refunded.paymentId, id)).status).toBe("SUCCEEDED");
  expect((await billing.read(hanging.paymentId)).status).toBe("CAPTURED");
});
