import { duration } from "@medconnect/platform/config/config.ts";
import * as z from "zod";

/** What billing can be told beyond what every service can. */
export const billingSettings = {
  NODE_ENV: z.string().optional(),
  /** Who moves the money of new attempts; earlier ones are ended with whom they were begun. */
  PAYMENT_PROVIDER: z.enum(["stub", "stripe"]).default("stub"),
  /** Lets a production deployment run with the stub, which moves none. */
  ALLOW_STUB_PROVIDER: z.stringbool().default(false),
  /** How long the stub's pending charges stay so. */
  STUB_PENDING_DELAY: duration("2s"),
  /** How long what the stub has authorized stays so. */
  STUB_AUTHORIZATION_TTL: duration("7d"),
  /** Where the stub sends patients who have to confirm. */
  STUB_ACTION_URL: z.url().default("https://stub.medconnect.test/confirm"),
  /** Where the stub tells of charges that settled later, such as …/v1/webhooks/payments/stub; nowhere if absent. */
  STUB_WEBHOOK_URL: z.url().optional(),
  /** What signs the stub's webhooks; without it, none is sent and none is taken. */
  STUB_WEBHOOK_SECRET: z.string().min(16).optional(),
  /** For Stripe: its secret key, what signs its webhooks, and where it sends patients back to. */
  STRIPE_API_KEY: z.string().optional(),
  STRIPE_WEBHOOK_SECRET: z.string().optional(),
  STRIPE_RETURN_URL: z.url().optional(),
  /** Only tests talk to another one. */
  STRIPE_API_URL: z.url().default("https://api.stripe.com"),
  /**
   * How long a request has an attempt, or a refund, for itself; then the settler takes it for dead, and asks the provider.
   * Longer than a provider's call may take (8 s for Stripe's), so that nobody asks about a call that is still under way; and
   * no longer than a request may take, as who died leaves its patient without an outcome for so long.
   */
  ATTEMPT_LEASE: duration("10s"),
  /** How often payments are looked for that are due to be settled. */
  PROCESS_EVERY: duration("500ms"),
  /** How long before an authorization lapses it is captured, where its booking is still on. */
  CAPTURE_BEFORE_EXPIRY: duration("24h"),
  /** How often authorizations are looked for that lapse. */
  EXPIRY_CHECK_EVERY: duration("1m"),
  /** How often the ledger is checked; it reads all of it. */
  LEDGER_CHECK_EVERY: duration("5m"),
};
