import { duration, flag } from "@medconnect/platform/config/config.ts";
import * as z from "zod";

const url = z.url("must be a URL, such as https://example.org/path");

/** Settings of billing, in addition to the settings that every service has. */
export const billingSettings = {
  PAYMENT_PROVIDER: z
    .enum(["stub", "stripe"])
    .default("stub")
    .describe(
      "Provider of new payments: `stripe`, or `stub`, which moves no money. Earlier payments end with the " +
        "provider they started with",
    ),
  ALLOW_STUB_PROVIDER: flag.describe("Permission to use the stub in production"),
  STUB_PENDING_DELAY: duration("2s").describe("Delay of the stub's pending charges"),
  STUB_AUTHORIZATION_TTL: duration("7d").describe("Lifetime of the stub's authorizations"),
  STUB_ACTION_URL: url
    .default("https://stub.medconnect.test/confirm")
    .describe("Page to which the stub sends patients who have to confirm"),
  STUB_WEBHOOK_URL: url
    .optional()
    .describe(
      "Receiver of the stub's webhooks, such as `https://api.example.org/v1/webhooks/payments/stub`; `npm " +
        "start` sets it. Without it, the stub sends none",
    ),
  STUB_WEBHOOK_SECRET: z
    .string()
    .min(16, "must have at least 16 characters")
    .optional()
    .meta({
      secret: true,
      description:
        "Secret that signs the stub's webhooks; `npm start` sets it. Without it, none is sent and none is " +
        "accepted",
    }),
  STRIPE_API_KEY: z
    .string()
    .optional()
    .meta({
      secret: true,
      description:
        "Secret key of the Stripe account. `stripe` needs it, `STRIPE_WEBHOOK_SECRET` and " +
        "`STRIPE_RETURN_URL`. Under another `PAYMENT_PROVIDER`, they finish payments that started with " +
        "Stripe",
    }),
  STRIPE_WEBHOOK_SECRET: z
    .string()
    .optional()
    .meta({ secret: true, description: "Secret that signs Stripe's webhooks" }),
  STRIPE_RETURN_URL: url.optional().describe("Page to which Stripe sends patients back"),
  STRIPE_API_URL: url
    .default("https://api.stripe.com")
    .describe("Address of Stripe; only tests use another one"),
  // The lease is longer than a call to the provider (8 s for Stripe), so that no job asks about a call that
  // is still running. The lease is not longer than a request may take, because after a crash the patient
  // waits until the lease expires.
  ATTEMPT_LEASE: duration("10s").describe(
    "Lease of a request on its call to the provider, longer than the slowest such call. When it expires, " +
      "billing asks the provider for the outcome",
  ),
  PROCESS_EVERY: duration("500ms").describe("Interval of the search for payments and refunds to process"),
  CAPTURE_BEFORE_EXPIRY: duration("24h").describe(
    "Time before an authorization expires at which it is captured, if its booking is still on",
  ),
  EXPIRY_CHECK_EVERY: duration("1m").describe("Interval of the check for authorizations that expire"),
  LEDGER_CHECK_EVERY: duration("5m").describe("Interval of the ledger check, which reads all of the ledger"),
};
