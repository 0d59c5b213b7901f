import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { startMetrics } from "@medconnect/platform/telemetry/start-metrics.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type BillingTest, LEASE_MS, startBilling } from "../testing/billing-fixture.ts";

const ALTERED = { reason: "RECORD_ALTERED" };
const patient = userCaller("PATIENT");

let billing: BillingTest;
let readMetrics: () => Promise<string>;
beforeAll(async () => {
  readMetrics = startMetrics("billing");
  billing = await startBilling();
});
afterAll(() => billing.app.close());
beforeEach(() => billing.provider.reset());

/** Changes a row as an attacker with write access to the database. */
const alter = (paymentId: string, column: string, value: SqlScalar) =>
  billing.app.db.write(`UPDATE payments SET ${column} = ? WHERE id = ?`, [value, binaryId(paymentId)]);

const refusals = async (): Promise<number> =>
  Number(
    /^credentials_refused_total\{[^}]*table="payments"[^}]*\} (\d+)/m.exec(await readMetrics())?.[1] ?? 0,
  );

test.each<[string, SqlScalar]>([
  ["amount_minor", 1],
  ["currency", "JPY"],
  ["doctor_id", binaryId(newId())],
  ["booking_id", binaryId(newId())],
  ["consultation_id", binaryId(newId())],
  ["proof", Buffer.alloc(32)],
])("an altered %s prevents the authorization, and counts for the alert", async (column, value) => {
  const { paymentId } = await billing.hold(patient);
  const before = await refusals();
  await alter(paymentId, column, value);
  await expect(billing.authorize(paymentId, patient)).rejects.toMatchObject(ALTERED);
  expect(await billing.chargeStatuses(paymentId)).toEqual([]);
  expect(await refusals()).toBe(before + 1);
});

test("a payment moved to another patient cannot be authorized", async () => {
  const attacker = userCaller("PATIENT");
  const { paymentId } = await billing.hold(patient);
  await alter(paymentId, "patient_id", binaryId(attacker.userId));
  await expect(billing.authorize(paymentId, attacker)).rejects.toMatchObject(ALTERED);
  await alter(paymentId, "patient_id", binaryId(patient.userId));
  expect((await billing.authorize(paymentId, patient)).response.status).toBe("AUTHORIZED");
});

test("a retry of an attempt does not send an amount that was altered after the start", async () => {
  const { paymentId } = await billing.hold(patient);
  const reached = Promise.withResolvers<void>();
  billing.provider.onRequest = () => {
    reached.resolve();
    return new Promise(() => {});
  };
  void billing.authorize(paymentId, patient);
  await reached.promise;
  billing.provider.reset();

  await alter(paymentId, "amount_minor", 900_000);
  billing.app.clock.advance(LEASE_MS);
  await billing.process();
  expect(billing.provider.calls).toEqual(["find"]);
  expect(await billing.chargeStatuses(paymentId)).toEqual([]);

  await alter(paymentId, "amount_minor", 5000);
  billing.app.clock.advance(LEASE_MS);
  await billing.process();
  expect(await billing.read(paymentId)).toMatchObject({
    status: "AUTHORIZED",
    amount: { amountMinor: 5000 },
  });
});
