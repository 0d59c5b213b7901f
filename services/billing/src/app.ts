import type { RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import type { EventRoutes } from "@medconnect/platform/outbox/event.ts";
import type { Platform } from "@medconnect/platform/service/service.ts";
import type { Providers } from "./providers/providers.ts";

/** Services that consume billing's events, by event type. */
export const EVENT_ROUTES: EventRoutes = {
  "payment.authorized": ["scheduling"],
  "payment.cancelled": ["scheduling"],
};

export interface Billing extends Platform {
  readonly proofs: RowProofs;
  readonly providers: Providers;
  readonly attemptLeaseMs: number;
  readonly captureBeforeExpiryMs: number;
  /** Runs the processing jobs at once instead of at the end of their interval. */
  readonly processSoon: () => void;
}

/** Actor of the changes that this service makes by itself, in the audit trail. */
export const SERVICE_ACTOR = "service:billing";
