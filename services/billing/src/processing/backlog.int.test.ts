import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type BillingTest, startBilling } from "../testing/billing-fixture.ts";
import { countBacklog } from "./backlog-store.ts";

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

const none = { count: 0, oldest: null };
const backlog = async () =>
  Object.fromEntries(
    (await countBacklog(billing.app.db))
      .filter(({ state }) => state === "waiting")
      .map(({ kind, count, oldest }) => [kind, { count, oldest }]),
  );

const unreachable = async () => {
  throw new Error("unreachable");
};

const authorized = () => billing.authorized(patient);

test("a capture is pending from its decision until it succeeds", async () => {
  const held = await authorized();
  expect(await backlog()).toEqual({ payment: none, refund: none });
  await billing.deliver(held.completed);
  const decideTime = billing.app.clock.now();
  billing.provider.onRequest = unreachable;
  for (let i = 0; i < 5; i++) {
    await billing.process();
    billing.app.clock.advance(60_000);
  }
  expect(await backlog()).toEqual({ payment: { count: 1, oldest: decideTime }, refund: none });
  billing.provider.reset();
  await billing.process();
  expect(await backlog()).toEqual({ payment: none, refund: none });
});

test("an attempt is pending from its start until its outcome is known", async () => {
  const held = await billing.hold(patient);
  const startTime = billing.app.clock.now();
  billing.provider.onRequest = unreachable;
  await billing.authorize(held.paymentId, patient);
  expect((await backlog()).payment).toEqual({ count: 1, oldest: startTime });
  billing.provider.reset();
  billing.app.clock.advance(60_000);
  await billing.process();
  expect((await backlog()).payment).toEqual(none);
});

test("a refund is pending from its creation until its outcome is known", async () => {
  const held = await authorized();
  await billing.deliver(held.completed);
  await billing.process();
  const createTime = billing.app.clock.now();
  billing.provider.onRequest = unreachable;
  await billing.refund(held.paymentId, 2000);
  expect(await backlog()).toEqual({ payment: none, refund: { count: 1, oldest: createTime } });
  billing.provider.reset();
  billing.app.clock.advance(60_000);
  await billing.process();
  expect((await backlog()).refund).toEqual(none);
});
