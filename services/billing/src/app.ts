import { duration } from "@medconnect/platform/config/config.ts";
import type { RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import type { EventRoutes } from "@medconnect/platform/outbox/event.ts";
import type { Platform } from "@medconnect/platform/service/service.ts";
import * as z from "zod";
import type { Providers } from "./providers/providers.ts";

/** Billing's settings beyond those of every service. */
export const billingSettings = {
  NODE_ENV: z.string().optional(),
  /** Provider of new attempts. Each provider finishes the payments that started with it. */
  PAYMENT_PROVIDER: z.enum(["stub", "stripe"]).default("stub"),
  /** Permission to use the stub in production. */
  ALLOW_STUB_PROVIDER: z.stringbool().default(false),
  /** Delay of the stub's pending charges. */
  STUB_PENDING_DELAY: duration("2s"),
  /** Lifetime of the stub's authorizations. */
  STUB_AUTHORIZATION_TTL: duration("7d"),
  /** Page to which the stub sends patients who have to confirm. */
  STUB_ACTION_URL: z.url().default("https://stub.medconnect.test/confirm"),
  /** Receiver of the stub's webhooks, such as …/v1/webhooks/payments/stub; none are sent if absent. */
  STUB_WEBHOOK_URL: z.url().optional(),
  /** Key of the stub's signatures; without it, no webhook is sent or accepted. */
  STUB_WEBHOOK_SECRET: z.string().min(16).optional(),
  /** Stripe needs this and the next two settings. */
  STRIPE_API_KEY: z.string().optional(),
  STRIPE_WEBHOOK_SECRET: z.string().optional(),
  STRIPE_RETURN_URL: z.url().optional(),
  /** Only tests use another one. */
  STRIPE_API_URL: z.url().default("https://api.stripe.com"),
  /**
   * Lease of a request on its call to the provider. It is longer than such a call (8 s for Stripe), so that
   * the processing job does not ask about a running one. It is not longer than a request, because the patient
   * of a crashed process waits for the outcome until then.
   */
  ATTEMPT_LEASE: duration("10s"),
  /** Interval of the processing jobs. */
  PROCESS_EVERY: duration("500ms"),
  /** Time before the expiry of an authorization at which it is captured, if its booking is still on. */
  CAPTURE_BEFORE_EXPIRY: duration("24h"),
  /** Interval of the search for expiring authorizations. */
  EXPIRY_CHECK_EVERY: duration("1m"),
  /** Interval of the ledger check, which reads the whole ledger. */
  LEDGER_CHECK_EVERY: duration("5m"),
};

/** Consumers of billing's events, by type. */
export const EVENT_ROUTES: EventRoutes = {
  "payment.authorized": ["scheduling"],
  "payment.cancelled": ["scheduling"],
};

export interface Billing extends Platform {
  readonly proofs: RowProofs;
  readonly providers: Providers;
  readonly attemptLeaseMs: number;
  readonly captureBeforeExpiryMs: number;
  /** Starts the processing jobs before their next interval. */
  readonly processSoon: () => void;
}

/** Audit actor of changes by jobs. */
export const SERVICE_ACTOR = "service:billing";
