import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import {
  AUTHORIZATION_MS,
  type BillingTest,
  CAPTURE_BEFORE_EXPIRY_MS,
  startBilling,
} from "../testing/billing-fixture.ts";

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

async function authorized() {
  const held = await billing.hold(patient);
  await billing.authorize(held.paymentId, patient);
  billing.provider.reset();
  return held;
}

/** Runs the jobs one after the other. */
async function runJobs() {
  await billing.captureExpiring();
  await billing.process();
}

const statusOf = async ({ paymentId }: { paymentId: string }) => (await billing.read(paymentId)).status;

test("an expiring authorization is captured, and refunded if the booking is cancelled later", async () => {
  const held = await authorized();
  billing.app.clock.advance(AUTHORIZATION_MS - CAPTURE_BEFORE_EXPIRY_MS - 1);
  await runJobs();
  expect(await statusOf(held)).toBe("AUTHORIZED");
  billing.app.clock.advance(1);
  await Promise.all([runJobs(), runJobs()]);
  // Two leases at the same moment may both skip the row (SKIP LOCKED). The next run then finds it.
  await runJobs();
  expect(await statusOf(held)).toBe("CAPTURED");
  expect(billing.provider.calls).toEqual(["capture"]);
  expect((await billing.auditTrail(held.paymentId)).slice(-2)).toEqual([
    "payment.decide SUCCESS by service:billing",
    "payment.capture SUCCESS by service:billing",
  ]);
  await billing.deliver(held.cancelledFree);
  await runJobs();
  expect(await statusOf(held)).toBe("REFUNDED");
});

test("a released payment is not captured before its authorization expires", async () => {
  const held = await authorized();
  billing.provider.onRequest = async () => {
    throw new Error("unreachable");
  };
  await billing.deliver(held.cancelledFree);
  await billing.process();
  billing.app.clock.advance(AUTHORIZATION_MS - CAPTURE_BEFORE_EXPIRY_MS);
  billing.provider.reset();
  await runJobs();
  expect(await statusOf(held)).toBe("VOIDED");
});

test("a payment whose authorization has expired is VOIDED by its capture", async () => {
  const held = await authorized();
  billing.app.clock.advance(AUTHORIZATION_MS);
  await runJobs();
  expect(await statusOf(held)).toBe("VOIDED");
});

test("a payment that cannot be saved delays no other", async () => {
  const [first, second] = [await authorized(), await authorized()];
  billing.app.clock.advance(AUTHORIZATION_MS - CAPTURE_BEFORE_EXPIRY_MS);
  const setVersion = (version: number) =>
    billing.app.db.write("UPDATE payments SET version = ? WHERE id = ?", [
      version,
      binaryId(first.paymentId),
    ]);
  // Every further change of this payment fails, because its next version does not fit in the column.
  await setVersion(4_294_967_295);
  await runJobs();
  expect([await statusOf(first), await statusOf(second)]).toEqual(["AUTHORIZED", "CAPTURED"]);
  await setVersion(5);
  await runJobs();
  expect(await statusOf(first)).toBe("CAPTURED");
});
