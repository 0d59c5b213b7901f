import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { captureLapsing } from "./payments/capture-lapsing.ts";
import { settlePayments } from "./payments/settle-payments.ts";
import { settleRefunds } from "./refunds/settle-refunds.ts";
import { type BillingTest, startBilling } from "./testing.ts";
import { forgetWebhooks } from "./webhooks/forget-webhooks.ts";

let billing: BillingTest;

beforeAll(async () => {
  billing = await startBilling();
});
afterAll(() => billing.app.close());

test.each(Object.entries({ settlePayments, settleRefunds, captureLapsing, forgetWebhooks }))(
  "%s ends with its process, however much is due",
  async (_, job) => {
    await expect(job(billing.app)(AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
  },
);
