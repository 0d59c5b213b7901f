import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { signWebhook } from "../providers/stub-webhooks.ts";
import {
  type BillingTest,
  LEASE_MS,
  PENDING_DELAY_MS,
  startBilling,
  WEBHOOK_SECRET,
} from "../testing/billing-fixture.ts";
import { deleteOldEvents } from "./delete-old-events.ts";

const RECEIVED = { received: true };
const FORGED = { reason: "INVALID_SIGNATURE" };

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

const statusOf = async (paymentId: string) => (await billing.read(paymentId)).status;

/** Creates a payment whose attempt has no outcome yet, and the webhook event about the attempt. */
async function pending(method = "pm_requires_action") {
  const held = await billing.hold(patient);
  await billing.authorize(held.paymentId, patient, method);
  const attemptId = await billing.attemptOf(held.paymentId);
  billing.provider.reset();
  return { ...held, event: { id: newId(), type: "charge.updated", attemptId } };
}

test("a webhook authorizes a payment before the job asks, and sends an event to scheduling", async () => {
  const { paymentId, event } = await pending();
  billing.app.clock.advance(PENDING_DELAY_MS);
  expect(await billing.webhook(event)).toEqual(RECEIVED);
  expect(await statusOf(paymentId)).toBe("AUTHORIZED");
  expect(await billing.events(paymentId)).toHaveLength(1);
  expect((await billing.auditTrail(paymentId)).at(-1)).toBe("payment.authorize SUCCESS by provider:stub");
  billing.app.clock.advance(LEASE_MS);
  await billing.process();
  expect(billing.provider.calls).toEqual(["find"]);
});

test("repeated and concurrent events have one effect; a known event costs no call", async () => {
  const { paymentId, event } = await pending();
  billing.app.clock.advance(PENDING_DELAY_MS);
  await Promise.all(Array.from({ length: 5 }, () => billing.webhook(event)));
  billing.provider.reset();
  expect(await billing.webhook(event)).toEqual(RECEIVED);
  expect(billing.provider.calls).toEqual([]);
  expect(await billing.events(paymentId)).toHaveLength(1);
  expect(await billing.chargeStatuses(paymentId)).toEqual(["AUTHORIZED"]);
});

test("late events change nothing", async () => {
  const { paymentId, event, completed } = await pending();
  billing.app.clock.advance(PENDING_DELAY_MS);
  await billing.webhook({ ...event, id: "evt_2" });
  await billing.deliver(completed);
  await billing.process();
  const { response: refund } = await billing.refund(paymentId, 2000);
  const before = await billing.read(paymentId);
  for (const id of ["evt_1", "evt_0"]) await billing.webhook({ ...event, id });
  await billing.webhook({ id: "evt_3", type: "refund.updated", refundId: refund.id, reference: "re_1" });
  expect(await billing.read(paymentId)).toEqual(before);
  expect(before).toMatchObject({ status: "PARTIALLY_REFUNDED", refunded: { amountMinor: 2000 } });
});

test("a webhook about a PENDING charge changes nothing; the next one authorizes the payment", async () => {
  const { paymentId, event } = await pending();
  await billing.webhook({ ...event, id: newId() });
  expect(await statusOf(paymentId)).toBe("PROCESSING");
  billing.app.clock.advance(PENDING_DELAY_MS);
  await billing.webhook(event);
  expect(await statusOf(paymentId)).toBe("AUTHORIZED");
});

test("a webhook completes a refund once", async () => {
  const { paymentId, completed } = await billing.hold(patient);
  await billing.authorize(paymentId, patient);
  await billing.deliver(completed);
  await billing.process();
  billing.provider.onResponse = async () => {
    throw new Error("the answer was lost");
  };
  const { response } = await billing.refund(paymentId, 2000);
  billing.provider.reset();
  const event = { id: newId(), type: "refund.updated", refundId: response.id, reference: "stub_re" };
  await Promise.all([billing.webhook(event), billing.webhook({ ...event, id: newId() })]);
  expect((await billing.readRefund(paymentId, response.id)).status).toBe("SUCCEEDED");
  expect((await billing.read(paymentId)).refunded?.amountMinor).toBe(2000);
  expect(await billing.refundedAmounts(paymentId)).toEqual([2000]);
});

test("a forged, unsigned or old webhook has no effect", async () => {
  const { paymentId, event } = await pending();
  billing.app.clock.advance(PENDING_DELAY_MS);
  const now = billing.app.clock.now();
  const minutesAway = (minutes: number) =>
    signWebhook(WEBHOOK_SECRET, JSON.stringify(event), new Date(now.getTime() + minutes * 60_000 + minutes));
  for (const signature of [
    "",
    "t=1,v1=00",
    signWebhook("another secret", JSON.stringify(event), now),
    signWebhook(WEBHOOK_SECRET, JSON.stringify({ ...event, id: "other" }), now),
    minutesAway(-6),
    minutesAway(6),
  ]) {
    await expect(billing.webhook(event, signature)).rejects.toMatchObject(FORGED);
  }
  expect(billing.provider.calls).toEqual([]);
  expect(await statusOf(paymentId)).toBe("PROCESSING");
  expect(await billing.webhook(event, minutesAway(-4))).toEqual(RECEIVED);
  expect(await statusOf(paymentId)).toBe("AUTHORIZED");
});

test.each([
  { id: "strange_1", type: "payout.paid" },
  { id: "strange_2", type: "charge.updated", attemptId: "of another system" },
  { id: "strange_3", type: "refund.updated", refundId: "of another system", reference: "re" },
  "not even an object",
])("an unrelated event is received and ignored: %j", async (event) => {
  expect(await billing.webhook(event)).toEqual(RECEIVED);
  expect(billing.provider.calls).toEqual([]);
});

test("an event is UNAVAILABLE while the provider does not answer, and succeeds when sent again", async () => {
  const { paymentId, event } = await pending();
  billing.app.clock.advance(PENDING_DELAY_MS);
  billing.provider.onRequest = async () => {
    throw new Error("unreachable");
  };
  await expect(billing.webhook(event)).rejects.toMatchObject({ reason: "UNAVAILABLE" });
  billing.provider.reset();
  await billing.webhook(event);
  expect(await statusOf(paymentId)).toBe("AUTHORIZED");
});

test("an unknown provider is NOT_FOUND", async () => {
  await expect(billing.webhook({}, "", "acme")).rejects.toMatchObject({ reason: "NOT_FOUND" });
});

test("event ids are deleted after 30 days", async () => {
  const { event } = await pending();
  await billing.webhook(event);
  const known = () => billing.app.db.read("SELECT 1 FROM webhook_events WHERE event_id = ?", [event.id]);
  await deleteOldEvents(billing.app)();
  expect(await known()).toHaveLength(1);
  billing.app.clock.advance(31 * 24 * 3_600_000);
  await deleteOldEvents(billing.app)();
  expect(await known()).toHaveLength(0);
});

test("one run deletes all old event ids", async () => {
  const receiveTime = billing.app.clock.now();
  const events = Array.from({ length: 2500 }, (_, i) => ["flood", `${i}`, receiveTime]);
  await billing.app.db.write("INSERT INTO webhook_events (provider, event_id, receive_time) VALUES ?", [
    events,
  ]);
  billing.app.clock.advance(31 * 24 * 3_600_000);
  await deleteOldEvents(billing.app)();
  expect(await billing.app.db.read("SELECT 1 FROM webhook_events WHERE provider = 'flood'")).toEqual([]);
});
