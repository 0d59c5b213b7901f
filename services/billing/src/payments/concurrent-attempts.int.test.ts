import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { roundTrips } from "@medconnect/platform/testing/round-trips.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type BillingTest, startBilling } from "../testing/billing-fixture.ts";
import { lockPayment } from "./payment-store.ts";

/** Lock wait timeout of MySQL in tests. */
const LOCK_WAIT_MS = 2000;

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

const reasonOf = (result: PromiseSettledResult<unknown>) =>
  result.status === "fulfilled" ? "ok" : (result.reason as { reason: string }).reason;

test("an attempt takes two round trips to start, and two to end", async () => {
  const { paymentId } = await billing.hold(patient);
  const readAndStub = 1 + 2;
  expect(await roundTrips(() => billing.authorize(paymentId, patient))).toBe(readAndStub + 2 + 2);
});

/** Creates payments, each for another patient. */
async function holdMany(count: number) {
  const held: { paymentId: string; by: typeof patient }[] = [];
  for (let i = 0; i < count; i++) {
    const by = userCaller("PATIENT");
    held.push({ paymentId: (await billing.hold(by)).paymentId, by });
  }
  return held;
}

test("attempts with concurrent answers end in one transaction", async () => {
  const held = await holdMany(24);
  const { promise: areAnswered, resolve: allAnswered } = Promise.withResolvers<void>();
  const { promise: isToGoOn, resolve: goOn } = Promise.withResolvers<void>();
  let answered = 0;
  billing.provider.onResponse = () => {
    if (++answered === held.length) allAnswered();
    return isToGoOn;
  };
  const sent = held.map(({ paymentId, by }) => billing.authorize(paymentId, by));
  await areAnswered;
  const finish = async () => {
    goOn();
    await Promise.all(sent);
  };
  expect(await roundTrips(finish)).toBe(2);
  for (const { paymentId, by } of held) {
    expect((await billing.read(paymentId, by)).status).toBe("AUTHORIZED");
    expect(await billing.events(paymentId)).toMatchObject([{ type: "payment.authorized" }]);
    expect((await billing.auditTrail(paymentId)).slice(1)).toEqual([
      `payment.attempt SUCCESS by ${by.userId}`,
      `payment.authorize SUCCESS by ${by.userId}`,
    ]);
  }
});

test("concurrent attempts get their own answers, and their keys repeat them", async () => {
  const held = await holdMany(16);
  const methods = ["pm_card_visa", "pm_card_declined", "pm_requires_action", "pm_card_insufficient_funds"];
  const authorizeAll = async () => {
    const sent = held.map(({ paymentId, by }, i) => billing.authorize(paymentId, by, methods[i % 4], "once"));
    return (await Promise.allSettled(sent)).map((result) =>
      result.status === "fulfilled"
        ? `${result.value.response.id} ${result.value.response.status}`
        : (result.reason as ApiError).metadata.declineCode,
    );
  };
  const answers = await authorizeAll();
  expect(answers).toEqual(
    held.map(
      ({ paymentId }, i) =>
        [`${paymentId} AUTHORIZED`, "card_declined", `${paymentId} PROCESSING`, "insufficient_funds"][i % 4],
    ),
  );
  expect(await authorizeAll()).toEqual(answers);
});

test("an attempt on a locked payment delays no other", async () => {
  const [locked, others] = [await billing.hold(patient), await holdMany(3)];
  const { promise: isToEnd, resolve: end } = Promise.withResolvers<void>();
  const { promise: isLocked, resolve: lock } = Promise.withResolvers<void>();
  const holder = billing.app.db.transaction(async (tx) => {
    await lockPayment(tx, locked.paymentId);
    lock();
    await isToEnd;
  });
  await isLocked;
  const waiting = billing.authorize(locked.paymentId, patient);
  const startedAt = performance.now();
  const results = await Promise.all(others.map(({ paymentId, by }) => billing.authorize(paymentId, by)));
  expect(results.map(({ response }) => response.status)).toEqual(Array(3).fill("AUTHORIZED"));
  expect(performance.now() - startedAt).toBeLessThan(LOCK_WAIT_MS);
  end();
  await holder;
  expect((await waiting).response.status).toBe("AUTHORIZED");
});

test("concurrent calls with one key charge once and get the same answer", async () => {
  const { paymentId } = await billing.hold(patient);
  const results = await Promise.all(
    Array.from({ length: 50 }, () => billing.authorize(paymentId, patient, "pm_card_visa", "once")),
  );
  expect(new Set(results.map(({ response }) => JSON.stringify(response))).size).toBe(1);
  expect(results.filter(({ replayed }) => !replayed)).toHaveLength(1);
  expect(await billing.chargeStatuses(paymentId)).toEqual(["AUTHORIZED"]);
});

test("of concurrent calls with different keys, one authorizes and the others are refused", async () => {
  const { paymentId } = await billing.hold(patient);
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, () => billing.authorize(paymentId, patient)),
  );
  expect(results.map(reasonOf).sort()).toEqual([...Array(19).fill("ILLEGAL_TRANSITION"), "ok"]);
  expect(await billing.chargeStatuses(paymentId)).toEqual(["AUTHORIZED"]);
});

test("a concurrent call with the same key waits two seconds, then is IDEMPOTENCY_IN_PROGRESS", async () => {
  const { paymentId } = await billing.hold(patient);
  const [reached, delay] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  billing.provider.onRequest = () => {
    reached.resolve();
    return delay.promise;
  };
  const first = billing.authorize(paymentId, patient, "pm_card_visa", "once");
  await reached.promise;
  const second = billing.authorize(paymentId, patient, "pm_card_visa", "once");
  await expect(second).rejects.toMatchObject({ reason: "IDEMPOTENCY_IN_PROGRESS", retryAfterMs: 1000 });
  const third = billing.authorize(paymentId, patient, "pm_card_visa", "once");
  delay.resolve();
  const { response } = await first;
  expect(await third).toEqual({ response, replayed: true });
});
