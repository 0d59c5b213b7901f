import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { countedFigures, migratedFigures } from "@medconnect/platform/testing/daily-figures.ts";
import { userCaller } from "@medconnect/platform/testing/test-service.ts";
import { type BillingTest, startBilling } from "../testing/billing-fixture.ts";

const DAY_MS = 86_400_000;
const MIGRATION = join(import.meta.dirname, "../../migrations/0002_earlier_figures.sql");

let billing: BillingTest;
beforeAll(async () => {
  billing = await startBilling();
});
afterAll(() => billing.app.close());

test("each movement of money counts once on its day, and the migration finds the same figures", async () => {
  const { app } = billing;
  const patient = userCaller("PATIENT");
  await billing.authorized(patient);
  const { paymentId } = await billing.captured(patient);
  await billing.captured(patient);
  const key = newId();
  await billing.refund(paymentId, 1000, key);
  await billing.refund(paymentId, 1000, key);
  const { response: refund } = await billing.refund(paymentId, 4000);

  // The patient's bank returns the second refund on the next day, and tells so twice.
  app.clock.advance(DAY_MS);
  await app.db.write("UPDATE stub_refunds SET status = 'FAILED' WHERE refund_id = ?", [binaryId(refund.id)]);
  const event = { type: "refund.updated", refundId: refund.id, reference: "re_1" };
  await billing.webhook({ ...event, id: newId() });
  await billing.webhook({ ...event, id: newId() });

  const counted = await countedFigures(app.db);
  expect(counted).toEqual([
    "2030-01-01 AMOUNT_CAPTURED USD 10000",
    "2030-01-01 AMOUNT_REFUNDED USD 5000",
    "2030-01-02 AMOUNT_REFUNDED USD -4000",
  ]);
  expect(await migratedFigures(app.db, MIGRATION)).toEqual(counted);
});
