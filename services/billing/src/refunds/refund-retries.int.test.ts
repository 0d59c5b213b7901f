import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { findViolations } from "../ledger/check-store.ts";
import { doctorAccount } from "../ledger/ledger-rules.ts";
import { balanceOf } from "../ledger/ledger-store.ts";
import { countBacklog } from "../processing/backlog-store.ts";
import { type BillingTest, startBilling } from "../testing/billing-fixture.ts";

const HOUR_MS = 3_600_000;

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

const captured = (paymentMethod?: string) => billing.captured(patient, paymentMethod);

/** Number of payments whose refunds are no longer retried. */
const stopped = async () =>
  (await countBacklog(billing.app.db))
    .filter(({ state }) => state === "stopped")
    .reduce((sum, { count }) => sum + count, 0);

test("retries of a refund stop after four refusals, until an admin's refund succeeds", async () => {
  const { paymentId, cancelledFree } = await captured("pm_card_refund_fail");
  await billing.deliver(cancelledFree);
  await billing.process();
  for (const hours of [1, 4, 24]) {
    expect(await stopped()).toBe(0);
    billing.app.clock.advance(hours * HOUR_MS);
    await billing.process();
  }
  const failures = async () => (await billing.listRefunds(paymentId)).refunds.map(({ status }) => status);
  expect(await failures()).toEqual(Array(4).fill("FAILED"));
  expect(await stopped()).toBe(1);

  billing.app.clock.advance(30 * 24 * HOUR_MS);
  await billing.process();
  // A failed refund that an admin requested is not retried either.
  expect((await billing.refund(paymentId, 5000)).response.status).toBe("FAILED");
  billing.app.clock.advance(30 * 24 * HOUR_MS);
  await billing.process();
  expect(await failures()).toHaveLength(5);
  expect(await stopped()).toBe(1);

  await billing.app.db.write("UPDATE stub_charges SET refund_status = 'SUCCEEDED'");
  await billing.refund(paymentId, 5000);
  expect(await stopped()).toBe(0);
  expect((await billing.read(paymentId)).status).toBe("REFUNDED");
});

test("a failed refund of an admin is not retried", async () => {
  const { paymentId } = await captured("pm_card_refund_fail");
  await billing.refund(paymentId, 2000);
  await billing.app.db.write("UPDATE stub_charges SET refund_status = 'SUCCEEDED'");
  billing.app.clock.advance(30 * 24 * HOUR_MS);
  await billing.process();
  expect((await billing.listRefunds(paymentId)).refunds.map(({ status }) => status)).toEqual(["FAILED"]);
  expect(await stopped()).toBe(0);
});

test("a failed refund of a released fee is retried after an hour", async () => {
  const { paymentId, cancelledFree } = await captured("pm_card_refund_fail");
  await billing.deliver(cancelledFree);
  await billing.process();
  const failures = async () => (await billing.listRefunds(paymentId)).refunds.map(({ status }) => status);
  expect(await failures()).toEqual(["FAILED"]);
  billing.app.clock.advance(HOUR_MS - 1);
  await billing.process();
  expect(await failures()).toEqual(["FAILED"]);
  await billing.app.db.write("UPDATE stub_charges SET refund_status = 'SUCCEEDED'");
  billing.app.clock.advance(1);
  await billing.process();
  expect(await failures()).toEqual(["SUCCEEDED", "FAILED"]);
  expect((await billing.read(paymentId)).status).toBe("REFUNDED");
});

/** Makes the patient's bank return a refund. The provider then sends three webhooks about the refund. */
async function returnRefund(refundId: string) {
  await billing.app.db.write("UPDATE stub_refunds SET status = 'FAILED' WHERE refund_id = ?", [
    binaryId(refundId),
  ]);
  const event = { type: "refund.updated", refundId, reference: "re_1" };
  await Promise.all([1, 2, 3].map(() => billing.webhook({ ...event, id: newId() })));
}

test("a returned refund has FAILED, is booked back once, and its amount is refundable again", async () => {
  const { paymentId } = await captured();
  await billing.refund(paymentId, 1000);
  const { response: refund } = await billing.refund(paymentId, 4000);
  await returnRefund(refund.id);
  expect(await billing.readRefund(paymentId, refund.id)).toMatchObject({ status: "FAILED" });
  const payment = await billing.read(paymentId);
  expect(payment).toMatchObject({ status: "PARTIALLY_REFUNDED", refunded: { amountMinor: 1000 } });
  const balances = await balanceOf(billing.app.db, doctorAccount(payment.doctorId));
  expect(balances).toMatchObject([{ currency: "USD", minor: 4000 }]);
  await billing.refund(paymentId, 4000);
  expect(await billing.read(paymentId)).toMatchObject({ status: "REFUNDED" });
  expect(await findViolations(billing.app.db)).toEqual([]);
});

test("a returned refund of a released fee is retried after an hour, in balance", async () => {
  const { paymentId, cancelledFree } = await captured();
  await billing.deliver(cancelledFree);
  await billing.process();
  const [refundId = ""] = (await billing.listRefunds(paymentId)).refunds.map(({ id }) => id);
  expect(await billing.read(paymentId)).toMatchObject({ status: "REFUNDED" });
  await returnRefund(refundId);
  expect(await billing.read(paymentId)).toMatchObject({ status: "CAPTURED", refunded: { amountMinor: 0 } });
  await billing.process();
  expect((await billing.listRefunds(paymentId)).refunds).toHaveLength(1);
  billing.app.clock.advance(HOUR_MS);
  await billing.process();
  expect(await billing.read(paymentId)).toMatchObject({ status: "REFUNDED" });
  expect(await findViolations(billing.app.db)).toEqual([]);
});

test("an admin's refund that is returned is retried if the fee was released meanwhile", async () => {
  const { paymentId, cancelledFree } = await captured();
  const { response: refund } = await billing.refund(paymentId, 5000);
  await billing.deliver(cancelledFree);
  expect(await billing.read(paymentId)).toMatchObject({ status: "REFUNDED" });
  await returnRefund(refund.id);
  billing.app.clock.advance(HOUR_MS);
  await billing.process();
  expect(await billing.read(paymentId)).toMatchObject({ status: "REFUNDED" });
  expect(await findViolations(billing.app.db)).toEqual([]);
});

test("concurrent jobs refund once", async () => {
  const payments = await Promise.all(Array.from({ length: 20 }, () => captured()));
  for (const { cancelledFree } of payments) await billing.deliver(cancelledFree);
  await Promise.all(Array.from({ length: 4 }, () => billing.process()));
  for (const { paymentId } of payments) expect(await billing.refundedAmounts(paymentId)).toEqual([5000]);
});
