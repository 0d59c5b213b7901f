import { expect, test } from "@jest/globals";
import { Database } from "@medconnect/platform/db/database.ts";
import { createLogger } from "@medconnect/platform/telemetry/log.ts";
import { systemBusinessClock, systemClock } from "@medconnect/platform/time/clock.ts";
import { createProviders, type ProviderSettings } from "./create-providers.ts";

// Nothing listens at this URL. The tests run no query, and an unused pool opens no connection.
const db = new Database({ url: "mysql://nobody@127.0.0.1:1/none", poolSize: 1, timeoutMs: 1 });

const create = (settings: Partial<ProviderSettings>) =>
  createProviders(
    {
      PAYMENT_PROVIDER: "stub",
      ALLOW_STUB_PROVIDER: false,
      STUB_PENDING_DELAY: 0,
      STUB_AUTHORIZATION_TTL: 0,
      STUB_ACTION_URL: "https://stub.test",
      STRIPE_API_URL: "https://stripe.test",
      ...settings,
    },
    { db, clock: systemClock, businessClock: systemBusinessClock, log: createLogger("billing", "silent") },
  );

test("the stub runs in production only with ALLOW_STUB_PROVIDER", async () => {
  expect((await create({})).current.name).toBe("stub");
  expect((await create({ NODE_ENV: "production", ALLOW_STUB_PROVIDER: true })).current.name).toBe("stub");
  await expect(create({ NODE_ENV: "production" })).rejects.toThrow("ALLOW_STUB_PROVIDER");
});

test("the stub needs a secret to send webhooks", async () => {
  const STUB_WEBHOOK_URL = "https://gateway.test/v1/webhooks/payments/stub";
  await expect(create({ STUB_WEBHOOK_URL })).rejects.toThrow("STUB_WEBHOOK_SECRET");
  expect(
    (await create({ STUB_WEBHOOK_URL, STUB_WEBHOOK_SECRET: "a secret for webhooks" })).current.name,
  ).toBe("stub");
});

const STRIPE = {
  STRIPE_API_KEY: "sk_test_1",
  STRIPE_WEBHOOK_SECRET: "whsec_1",
  STRIPE_RETURN_URL: "https://clinic.test/paid",
};

test("Stripe needs all of its settings", async () => {
  const settings = { PAYMENT_PROVIDER: "stripe" as const, ...STRIPE };
  expect((await create(settings)).current.name).toBe("stripe");
  for (const name of ["STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_RETURN_URL"]) {
    await expect(create({ ...settings, [name]: undefined })).rejects.toThrow(name);
  }
});

test("a provider configured beside the current one finishes its own payments", async () => {
  const providers = await create({ PAYMENT_PROVIDER: "stub", ...STRIPE });
  expect(providers.current.name).toBe("stub");
  expect(providers.of({ provider: "stripe" }).name).toBe("stripe");
});

test("in production, another provider does not bring the stub with it", async () => {
  const providers = await create({ NODE_ENV: "production", PAYMENT_PROVIDER: "stripe", ...STRIPE });
  expect(providers.find("stub")).toBeUndefined();
  expect(() => providers.of({ provider: "stub" })).toThrow("stub is not configured");
});
