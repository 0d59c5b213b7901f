import { duration } from "@medconnect/platform/config.ts";
import type { Platform } from "@medconnect/platform/service.ts";
import { z } from "zod";
import type { Provider } from "./providers/provider.ts";

/** What billing can be told beyond what every service can. */
export const billingSettings = {
  NODE_ENV: z.string().optional(),
  /** Who moves the money. */
  PAYMENT_PROVIDER: z.enum(["stub"]).default("stub"),
  /** Lets a production deployment run with the stub, which moves none. */
  ALLOW_STUB_PROVIDER: z.stringbool().default(false),
  /** How long the stub's pending charges stay so. */
  STUB_SETTLE_DELAY: duration("2s"),
  /** Where the stub sends patients who have to confirm. */
  STUB_ACTION_URL: z.url().default("https://stub.medconnect.test/confirm"),
  /** How long a request has an attempt for itself; then the settler asks the provider, too. */
  ATTEMPT_LEASE: duration("3s"),
  /** How often payments are looked for that are due to be settled. */
  SETTLE_EVERY: duration("500ms"),
};

export interface Billing extends Platform {
  readonly provider: Provider;
  readonly attemptLeaseMs: number;
  /** Has what was just decided carried out at the provider. */
  readonly settleSoon: () => void;
}

/** Who does what nobody asked for, in the audit trail. */
export const SETTLER = "service:billing";
