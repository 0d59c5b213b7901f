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
  billing.provider.mend();
});

const none = { count: 0, oldest: null };
const backlog = async () =>
  Object.fromEntries(
    (await countBacklog(billing.app.db))
      .filter(({ state }) => state === "waiting")
      .map(({ what, count, oldest }) => [what, { count, oldest }]),
  );

const unreachable = async () => {
  throw new Error("unreachable");
};

async function authorized() {
  const held = await billing.hold(patient);
  await billing.authorize(held.paymentId, patient);
  return held;
}

test("a capture is left to do from its decision until it is done, however often it was tried", async () => {
  const held = await authorized();
  expect(await backlog()).toEqual({ payment: none, refund: none });
  await billing.deliver(held.completed);
  const decided = billing.app.clock.now();
  billing.provider.there = unreachable;
  for (let i = 0; i < 5; i++) {
    await billing.process();
    billing.app.clock.advance(60_000);
  }
  expect(await backlog()).toEqual({ payment: { count: 1, oldest: decided }, refund: none });
  billing.provider.mend();
  await billing.process();
  expect(await backlog()).toEqual({ payment: none, refund: none });
});

test("an attempt whose outcome is not known is, from its beginning", async () => {
  const held = await billing.hold(patient);
  const begun = billing.app.clock.now();
  billing.provider.there = unreachable;
  await billing.authorize(held.paymentId, patient);
  expect((await backlog()).payment).toEqual({ count: 1, oldest: begun });
  billing.provider.mend();
  billing.app.clock.advance(60_000);
  await billing.process();
  expect((await backlog()).payment).toEqual(none);
});

test("a refund is from when it was made until the provider has settled it", async () => {
  const held = await authorized();
  await billing.deliver(held.completed);
  await billing.process();
  const made = billing.app.clock.now();
  billing.provider.there = unreachable;
  await billing.refund(held.paymentId, 2000);
  expect(await backlog()).toEqual({ payment: none, refund: { count: 1, oldest: made } });
  billing.provider.mend();
  billing.app.clock.advance(60_000);
  await billing.process();
  expect((await backlog()).refund).toEqual(none);
});
