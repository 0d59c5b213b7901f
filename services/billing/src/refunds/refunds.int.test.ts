import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type BillingTest, LEASE_MS, startBilling } from "../testing/billing-fixture.ts";

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

const lost = async () => {
  throw new Error("the answer was lost");
};

const tooMuch = (refundableMinor: string) => ({
  reason: "REFUND_EXCEEDS_CAPTURED",
  metadata: { refundableMinor },
});

test("a payment is refunded in parts, and shows the sum", async () => {
  const { paymentId } = await captured();
  const { response: part } = await billing.refund(paymentId, 2000);
  expect(part).toMatchObject({
    paymentId,
    status: "SUCCEEDED",
    amount: { currencyCode: "USD", amountMinor: 2000 },
    reason: "as agreed",
    createTime: billing.app.clock.now(),
  });
  expect(await billing.read(paymentId)).toMatchObject({
    status: "PARTIALLY_REFUNDED",
    refunded: { amountMinor: 2000 },
  });
  await expect(billing.refund(paymentId, 3001)).rejects.toMatchObject(tooMuch("3000"));
  await billing.refund(paymentId, 3000);
  expect(await billing.read(paymentId)).toMatchObject({
    status: "REFUNDED",
    refunded: { amountMinor: 5000 },
  });
  await expect(billing.refund(paymentId, 1)).rejects.toMatchObject(tooMuch("0"));
  expect(await billing.refundedAmounts(paymentId)).toEqual([2000, 3000]);
});

test("a list leaves out a refund whose reason was altered in the database", async () => {
  const { paymentId } = await captured();
  const { response: altered } = await billing.refund(paymentId, 2000);
  const { response: other } = await billing.refund(paymentId, 3000);
  await billing.app.db.write("UPDATE refunds SET reason = 'x' WHERE id = ?", [binaryId(altered.id)]);
  expect((await billing.listRefunds(paymentId, patient)).refunds).toEqual([other]);
});

test("an uncaptured payment cannot be refunded", async () => {
  const { paymentId } = await billing.hold(patient);
  await billing.authorize(paymentId, patient);
  await expect(billing.refund(paymentId, 1)).rejects.toMatchObject(tooMuch("0"));
  await expect(billing.refund(newId(), 1)).rejects.toMatchObject({ reason: "NOT_FOUND" });
});

test("patient and admins can read a refund; to others it does not exist", async () => {
  const { paymentId } = await captured();
  const { response } = await billing.refund(paymentId, 2000);
  const elsewhere = await captured();
  expect(await billing.readRefund(paymentId, response.id, patient)).toEqual(response);
  const hidden = { reason: "NOT_FOUND", isDenial: true };
  const stranger = userCaller("PATIENT");
  await expect(billing.readRefund(paymentId, response.id, stranger)).rejects.toMatchObject(hidden);
  await expect(billing.listRefunds(paymentId, stranger)).rejects.toMatchObject(hidden);
  const missing = { reason: "NOT_FOUND", isDenial: false };
  await expect(billing.readRefund(elsewhere.paymentId, response.id)).rejects.toMatchObject(missing);
  await expect(billing.readRefund(newId(), response.id)).rejects.toMatchObject(missing);
});

test("refunds are listed newest first, page by page", async () => {
  const { paymentId } = await captured();
  const made: string[] = [];
  for (let i = 0; i < 5; i++) made.push((await billing.refund(paymentId, 100)).response.id);
  const first = await billing.listRefunds(paymentId, patient, 3);
  const second = await billing.listRefunds(paymentId, patient, 3, first.nextPageToken);
  expect([...first.refunds, ...second.refunds].map(({ id }) => id)).toEqual(made.toReversed());
  expect(second.nextPageToken).toBe("");
});

test("a key gets one refund and one answer, also for a refusal", async () => {
  const { paymentId } = await captured();
  const answers = await Promise.all(
    Array.from({ length: 10 }, () =>
      billing.refund(paymentId, 2000, "once", userCaller("ADMIN", patient.userId)),
    ),
  );
  expect(new Set(answers.map(({ response }) => response.id)).size).toBe(1);
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  expect(await billing.refundedAmounts(paymentId)).toEqual([2000]);

  const admin = userCaller("ADMIN");
  await expect(billing.refund(paymentId, 4000, "much", admin)).rejects.toMatchObject(tooMuch("3000"));
  await billing.refund(paymentId, 3000);
  await expect(billing.refund(paymentId, 4000, "much", admin)).rejects.toMatchObject(tooMuch("3000"));
});

test("20 concurrent refunds do not exceed the charge", async () => {
  const { paymentId } = await captured();
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => billing.refund(paymentId, 700)));
  const reasons = results.map((result) =>
    result.status === "fulfilled" ? "ok" : (result.reason as { reason: string }).reason,
  );
  expect(reasons.filter((reason) => reason === "ok")).toHaveLength(7);
  expect(reasons.filter((reason) => reason === "REFUND_EXCEEDS_CAPTURED")).toHaveLength(13);
  expect(await billing.refundedAmounts(paymentId)).toEqual(Array(7).fill(700));
  expect((await billing.read(paymentId)).refunded?.amountMinor).toBe(4900);
});

test("a refund without an answer is PENDING, counts as refunded, and completes once", async () => {
  const { paymentId } = await captured();
  billing.provider.onResponse = lost;
  const { response } = await billing.refund(paymentId, 4000, "once");
  expect(response.status).toBe("PENDING");
  expect((await billing.read(paymentId)).status).toBe("CAPTURED");
  await expect(billing.refund(paymentId, 1001)).rejects.toMatchObject(tooMuch("1000"));

  billing.app.clock.advance(LEASE_MS);
  await billing.process();
  billing.provider.reset();
  await billing.process();
  expect(billing.provider.calls).toEqual([]);
  billing.app.clock.advance(2000);
  await billing.process();
  expect((await billing.readRefund(paymentId, response.id)).status).toBe("SUCCEEDED");
  expect((await billing.read(paymentId)).status).toBe("PARTIALLY_REFUNDED");
  expect(await billing.refundedAmounts(paymentId)).toEqual([4000]);
});

test("process dies before the request: the job sends the refund, and a repeat gets the outcome", async () => {
  const { paymentId } = await captured();
  const admin = userCaller("ADMIN");
  const reached = Promise.withResolvers<void>();
  billing.provider.onRequest = () => {
    reached.resolve();
    return new Promise(() => {});
  };
  void billing.refund(paymentId, 4000, "once", admin);
  await reached.promise;
  billing.provider.reset();
  billing.app.clock.advance(LEASE_MS);
  await billing.process();
  const { response, replayed } = await billing.refund(paymentId, 4000, "once", admin);
  expect([response.status, replayed]).toEqual(["SUCCEEDED", true]);
  expect(await billing.refundedAmounts(paymentId)).toEqual([4000]);
});

test("a refund stays PENDING until the provider reports an outcome", async () => {
  const { paymentId } = await captured();
  const { refund } = billing.provider;
  billing.provider.refund = async () => ({ reference: "re_1", status: "PENDING" });
  const { response } = await billing.refund(paymentId, 4000);
  billing.app.clock.advance(LEASE_MS);
  await billing.process();
  expect((await billing.readRefund(paymentId, response.id)).status).toBe("PENDING");
  billing.provider.refund = refund;
  billing.app.clock.advance(2000);
  await billing.process();
  expect((await billing.readRefund(paymentId, response.id)).status).toBe("SUCCEEDED");
});

test("a refused refund has FAILED, and its amount is refundable again", async () => {
  const { paymentId } = await captured("pm_card_refund_fail");
  expect((await billing.refund(paymentId, 4000)).response.status).toBe("FAILED");
  expect(await billing.read(paymentId)).toMatchObject({ status: "CAPTURED", refunded: { amountMinor: 0 } });
  expect((await billing.refund(paymentId, 5000)).response.status).toBe("FAILED");
});

test("the end of a booking refunds the rest", async () => {
  const { paymentId, abandoned } = await captured();
  await billing.refund(paymentId, 2000);
  await billing.deliver({ ...abandoned, version: 2 });
  await billing.process();
  const { refunds } = await billing.listRefunds(paymentId, patient);
  expect(refunds.map(({ status, amount }) => [status, amount?.amountMinor])).toEqual([
    ["SUCCEEDED", 3000],
    ["SUCCEEDED", 2000],
  ]);
  expect((await billing.read(paymentId)).status).toBe("REFUNDED");
});
