import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Caller } from "@medconnect/platform/identity/caller.ts";
import { startMetrics } from "@medconnect/platform/telemetry/start-metrics.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type BillingTest, startBilling } from "../testing/billing-fixture.ts";
import { findViolations } from "./check-store.ts";
import { doctorAccount } from "./ledger-rules.ts";
import { balanceOf } from "./ledger-store.ts";
import { watchLedger } from "./watch-ledger.ts";

const HOUR_MS = 3_600_000;

let billing: BillingTest;
let patient: Caller & { userId: string };

// Some tests damage the ledger, so each test has a schema of its own.
beforeEach(async () => {
  billing = await startBilling();
  patient = userCaller("PATIENT");
});
afterEach(() => billing.app.close());

async function captured() {
  const held = await billing.captured(patient);
  return { ...held, doctorId: (await billing.read(held.paymentId)).doctorId };
}

const found = async () => (await findViolations(billing.app.db)).map(({ check }) => check).toSorted();

test("a doctor's balance is the captured amount less refunds", async () => {
  const { paymentId, doctorId } = await captured();
  const account = doctorAccount(doctorId);
  expect(await balanceOf(billing.app.db, account)).toEqual([{ account, currency: "USD", minor: 5000 }]);
  await billing.refund(paymentId, 2000);
  expect(await balanceOf(billing.app.db, account)).toEqual([{ account, currency: "USD", minor: 3000 }]);
});

test("authorizations, pending refunds and failed refunds book no entries", async () => {
  const held = await billing.hold(patient);
  await billing.authorize(held.paymentId, patient, "pm_card_refund_fail");
  const entries = () => billing.app.db.read("SELECT account FROM ledger_entries");
  expect(await entries()).toHaveLength(0);
  await billing.deliver(held.completed);
  await billing.process();
  await billing.refund(held.paymentId, 1000);
  billing.provider.onRequest = async () => {
    throw new Error("unreachable");
  };
  await billing.refund(held.paymentId, 1000);
  expect(await entries()).toHaveLength(2);
  expect(await found()).toEqual([]);
});

test("captures, voids and concurrent refunds by request and event keep the ledger in balance", async () => {
  const payments = await Promise.all(Array.from({ length: 5 }, captured));
  const held = await billing.hold(patient);
  await billing.authorize(held.paymentId, patient);
  await billing.deliver(held.cancelledFree);
  await Promise.allSettled([
    ...payments.flatMap(({ paymentId }) => Array.from({ length: 4 }, () => billing.refund(paymentId, 1500))),
    ...payments.slice(3).map(({ cancelledFree }) => billing.deliver(cancelledFree)),
  ]);
  await billing.process();
  for (const [index, { paymentId }] of payments.entries()) {
    expect((await billing.read(paymentId)).status).toBe(index < 3 ? "PARTIALLY_REFUNDED" : "REFUNDED");
  }
  expect(await found()).toEqual([]);
});

test.each([
  [
    "UPDATE ledger_entries SET debit_minor = debit_minor + 1 WHERE debit_minor > 0",
    ["a payment's clearing balance differs from its amount less refunds", "debits differ from credits"],
  ],
  [
    "DELETE FROM ledger_entries",
    [
      "a doctor's balance differs from the captured amounts less refunds",
      "a payment's clearing balance differs from its amount less refunds",
    ],
  ],
  [
    "UPDATE payments SET refunding_minor = 5001",
    ["a payment's refunding sum differs from its refunds", "refunds exceed the charge"],
  ],
  [
    "UPDATE ledger_entries SET payment_id = UUID_TO_BIN(UUID())",
    [
      "a payment's clearing balance differs from its amount less refunds",
      "an entry has no payment",
      "an entry has no payment",
    ],
  ],
])("the check finds the damage of %s", async (damage, violations) => {
  await captured();
  await billing.app.db.write(damage);
  expect(await found()).toEqual(violations);
});

test("the metrics report result and time of the last completed check", async () => {
  const readMetrics = startMetrics("billing");
  const sumOf = async (pattern: RegExp) =>
    [...(await readMetrics()).matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);
  const violations = () => sumOf(/^ledger_violations\{.*\} (\S+)$/gm);
  const lastRun = () => sumOf(/^ledger_last_run_timestamp_seconds(?:\{.*\})? (\S+)$/gm);
  const now = () => billing.app.clock.now().getTime() / 1000;
  const table = (from: string, to: string) => billing.app.db.write(`RENAME TABLE ${from} TO ${to}`);
  await captured();
  const check = watchLedger(billing.app);

  billing.app.clock.advance(HOUR_MS);
  await table("refunds", "refunds_away");
  await expect(check()).rejects.toThrow();
  expect([await violations(), await lastRun()]).toEqual([0, 0]);

  await table("refunds_away", "refunds");
  await billing.app.db.write("DELETE FROM ledger_entries WHERE account LIKE 'doctor:%'");
  await check();
  const checked = now();
  expect([(await violations()) > 0, await lastRun()]).toEqual([true, checked]);

  billing.app.clock.advance(HOUR_MS);
  await table("refunds", "refunds_away");
  await expect(check()).rejects.toThrow();
  expect(await lastRun()).toBe(checked);
});
