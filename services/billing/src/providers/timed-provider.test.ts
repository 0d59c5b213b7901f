import { expect, test } from "@jest/globals";
import { startMetrics } from "@medconnect/platform/telemetry/start-metrics.ts";
import type { Provider } from "./provider.ts";
import { Providers } from "./providers.ts";

const unanswered = () => Promise.reject(new Error("no answer"));
const PROVIDER: Provider = {
  name: "test",
  authorize: unanswered,
  find: async () => undefined,
  capture: unanswered,
  void: unanswered,
  refund: async () => ({ reference: null, status: "FAILED" }),
  readWebhook: () => ({ id: "e1", subject: undefined }),
};
const CHARGE = { attemptId: "a1", reference: null };

test("each call to a configured provider is timed, also one without an answer; a webhook is not", async () => {
  const readMetrics = startMetrics("billing");
  const { current } = new Providers("test", [PROVIDER]);
  const amount = { currencyCode: "EUR", amountMinor: 100 };
  await expect(current.authorize({ attemptId: "a1", amount, paymentMethod: "pm" })).rejects.toThrow(
    "no answer",
  );
  expect(await current.find(CHARGE)).toBeUndefined();
  await expect(current.capture(CHARGE)).rejects.toThrow("no answer");
  await expect(current.void(CHARGE)).rejects.toThrow("no answer");
  const order = { refundId: "r1", reference: null, charge: CHARGE, amount };
  expect(await current.refund(order)).toEqual({ reference: null, status: "FAILED" });
  expect(await current.readWebhook(Buffer.from(""), "")).toEqual({ id: "e1", subject: undefined });
  const counts = (await readMetrics()).match(/^payment_provider_call_duration_seconds_count.*$/gm);
  expect(counts).toEqual(
    ["authorize", "find", "capture", "void", "refund"].map(
      (operation) =>
        `payment_provider_call_duration_seconds_count{provider="test",operation="${operation}"} 1`,
    ),
  );
});
