import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { bound, invoke, userCaller } from "@medconnect/platform/testing/test-service.ts";
import { PaymentServiceService } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import { startBilling } from "../testing/billing-fixture.ts";
import { batchGetPaymentSnapshots } from "./batch-get-snapshots.ts";

const patient = userCaller("PATIENT");
let billing: Awaited<ReturnType<typeof startBilling>>;

beforeAll(async () => {
  billing = await startBilling();
});
afterAll(() => billing.app.close());

const ask = async (...paymentIds: string[]) => {
  const method = PaymentServiceService.batchGetPaymentSnapshots;
  const scheduling = { kind: "service", name: "scheduling" } as const;
  const handler = bound(batchGetPaymentSnapshots, billing.app);
  return (await invoke(method, handler, scheduling, { paymentIds })).response.snapshots;
};

test("returns status and fee decision of the existing payments", async () => {
  const { paymentId, cancelledFree } = await billing.hold(patient);
  const { aggregateId: bookingId, state } = cancelledFree;
  const amount = { currencyCode: "USD", amountMinor: 5000 };
  const ids = { paymentId, bookingId, consultationId: state.value.consultationId };
  const held = { ...ids, status: "REQUIRES_AUTHORIZATION", amount, version: 1, inFlight: false };
  expect(await ask(paymentId, newId())).toEqual([{ ...held, feeDecision: "FEE_DECISION_UNSPECIFIED" }]);
  await billing.deliver(cancelledFree);
  expect(await ask(paymentId)).toMatchObject([{ status: "CANCELLED", feeDecision: "RELEASE" }]);
});

test("inFlight is true until the authorization is delivered to scheduling", async () => {
  const { paymentId } = await billing.hold(patient);
  await billing.authorize(paymentId, patient);
  const authorizeTime = billing.app.clock.now();
  expect(await ask(paymentId)).toMatchObject([{ status: "AUTHORIZED", authorizeTime, inFlight: true }]);
  await billing.app.db.write("DELETE FROM outbox WHERE aggregateid = ?", [paymentId]);
  expect(await ask(paymentId)).toMatchObject([{ status: "AUTHORIZED", inFlight: false }]);
});
