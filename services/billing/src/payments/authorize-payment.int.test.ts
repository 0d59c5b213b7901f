import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { roundTrips } from "@medconnect/platform/testing/round-trips.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type BillingTest, LEASE_MS, PENDING_DELAY_MS, startBilling } from "../testing/billing-fixture.ts";
import { HOLD_MS } from "../testing/booking-events.ts";
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

const unreachable = async () => {
  throw new Error("unreachable");
};

/** Starts an authorization whose process dies before the request or the response. */
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

const reasonOf = (result: PromiseSettledResult<unknown>) =>
  result.status === "fulfilled" ? "ok" : (result.reason as { reason: string }).reason;

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
  expect(stateOf(events[0]!, "payment").authorizeTime).toEqual(response.authorizeTime);
  expect(await billing.auditTrail(paymentId)).toEqual([
    "payment.create SUCCESS by service:scheduling",
    `payment.attempt SUCCESS by ${patient.userId}`,
    `payment.authorize SUCCESS by ${patient.userId}`,
  ]);
});

test("an attempt takes two round trips to start, and two to end", async () => {
  const { paymentId } = await billing.hold(patient);
  const readAndStub = 1 + 2;
  expect(await roundTrips(() => billing.authorize(paymentId, patient))).toBe(readAndStub + 2 + 2);
});

/** Payments of different patients. */
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
  const held = await holdMany(4);
  const { promise: isToEnd, resolve: end } = Promise.withResolvers<void>();
  const { promise: isLocked, resolve: lock } = Promise.withResolvers<void>();
  const holder = billing.app.db.transaction(async (tx) => {
    await lockPayment(tx, held[1]!.paymentId);
    lock();
    await isToEnd;
  });
  await isLocked;
  const sent = held.map(({ paymentId, by }) => billing.authorize(paymentId, by));
  const startedAt = performance.now();
  for (const i of [0, 2, 3]) expect((await sent[i]!).response.status).toBe("AUTHORIZED");
  expect(performance.now() - startedAt).toBeLessThan(LOCK_WAIT_MS);
  end();
  await holder;
  expect((await sent[1]!).response.status).toBe("AUTHORIZED");
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

test("a key cannot be reused for another request", async () => {
  const { paymentId } = await billing.hold(patient);
  await billing.authorize(paymentId, patient, "pm_card_visa", "once");
  await expect(billing.authorize(paymentId, patient, "pm_card_declined", "once")).rejects.toMatchObject({
    reason: "IDEMPOTENCY_KEY_REUSED",
  });
});

test("a concurrent call with the same key waits two seconds, then is IDEMPOTENCY_IN_PROGRESS", async () => {
  const { paymentId } = await billing.hold(patient);
  const [reached, jam] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  billing.provider.onRequest = () => {
    reached.resolve();
    return jam.promise;
  };
  const first = billing.authorize(paymentId, patient, "pm_card_visa", "once");
  await reached.promise;
  const twin = billing.authorize(paymentId, patient, "pm_card_visa", "once");
  await expect(twin).rejects.toMatchObject({ reason: "IDEMPOTENCY_IN_PROGRESS", retryAfterMs: 1000 });
  const laterTwin = billing.authorize(paymentId, patient, "pm_card_visa", "once");
  jam.resolve();
  const { response } = await first;
  expect(await laterTwin).toEqual({ response, replayed: true });
});

test("process dies before the request: the job sends the attempt once, and a repeat gets the outcome", async () => {
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

test("a request slower than its lease: request and job end the attempt with one charge, event and answer", async () => {
  const { paymentId, completed } = await billing.hold(patient);
  const [answered, jam] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  billing.provider.onResponse = () => {
    answered.resolve();
    return jam.promise;
  };
  const slow = billing.authorize(paymentId, patient, "pm_card_visa", "once");
  await answered.promise;
  billing.provider.onResponse = async () => {};
  billing.app.clock.advance(LEASE_MS);
  await billing.process();
  await billing.deliver(completed);
  await billing.process();
  expect((await billing.read(paymentId)).status).toBe("CAPTURED");
  jam.resolve();
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
  const [answered, jam] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  billing.provider.onResponse = () => {
    answered.resolve();
    return jam.promise;
  };
  const slow = billing.authorize(paymentId, patient, "pm_card_declined", "first");
  await answered.promise;
  billing.provider.reset();
  billing.app.clock.advance(LEASE_MS);
  await billing.process();
  await billing.authorize(paymentId, patient, "pm_requires_action", "second");
  jam.resolve();
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

test("payment methods are encrypted in the database, and deleted with the end of the attempt", async () => {
  const { paymentId } = await billing.hold(patient);
  const methodOf = async () => {
    const [row] = await billing.app.db.read<{ paymentMethod: Buffer | null }>(
      "SELECT payment_method AS paymentMethod FROM payment_attempts WHERE payment_id = ?",
      [binaryId(paymentId)],
    );
    return row!.paymentMethod;
  };
  await billing.authorize(paymentId, patient, "pm_provider_timeout");
  expect((await methodOf())!.includes("pm_")).toBe(false);
  billing.app.clock.advance(LEASE_MS);
  await billing.process();
  expect(await methodOf()).toBeNull();
});
