import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
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
beforeEach(() => billing.provider.mend());

/** Writes as MySQL's root. */
const alter = (paymentId: string, column: string, value: SqlValue) =>
  billing.app.db.write(`UPDATE payments SET ${column} = ? WHERE id = ?`, [value, binaryId(paymentId)]);

const counted = async (): Promise<number> =>
  Number(
    /^credentials_refused_total\{[^}]*table="payments"[^}]*\} (\d+)/m.exec(await readMetrics())?.[1] ?? 0,
  );

test.each<[string, SqlValue]>([
  ["amount_minor", 1],
  ["currency", "JPY"],
  ["doctor_id", binaryId(newId())],
  ["booking_id", binaryId(newId())],
  ["consultation_id", binaryId(newId())],
  ["proof", Buffer.alloc(32)],
])("a payment with an altered %s has no card authorized, and counts for the alert", async (column, value) => {
  const { paymentId } = await billing.hold(patient);
  const before = await counted();
  await alter(paymentId, column, value);
  await expect(billing.authorize(paymentId, patient)).rejects.toMatchObject(ALTERED);
  expect(await billing.charges(paymentId)).toEqual([]);
  expect(await counted()).toBe(before + 1);
});

test("a payment given to another patient is authorized by nobody's card", async () => {
  const attacker = userCaller("PATIENT");
  const { paymentId } = await billing.hold(patient);
  await alter(paymentId, "patient_id", binaryId(attacker.userId));
  await expect(billing.authorize(paymentId, attacker)).rejects.toMatchObject(ALTERED);
  await alter(paymentId, "patient_id", binaryId(patient.userId));
  expect((await billing.authorize(paymentId, patient)).response.status).toBe("AUTHORIZED");
});

test("an amount that is altered after an attempt began is not sent when the attempt is sent again", async () => {
  const { paymentId } = await billing.hold(patient);
  const reached = Promise.withResolvers<void>();
  billing.provider.there = () => {
    reached.resolve();
    // Nothing comes of a dead process's call any more.
    return new Promise(() => {});
  };
  void billing.authorize(paymentId, patient);
  await reached.promise;
  billing.provider.mend();

  await alter(paymentId, "amount_minor", 900_000);
  billing.app.clock.advance(LEASE_MS);
  await billing.process();
  expect(billing.provider.calls).toEqual(["find"]);
  expect(await billing.charges(paymentId)).toEqual([]);

  await alter(paymentId, "amount_minor", 5000);
  billing.app.clock.advance(LEASE_MS);
  await billing.process();
  expect(await billing.read(paymentId)).toMatchObject({
    status: "AUTHORIZED",
    amount: { amountMinor: 5000 },
  });
});
