import type { RowProofs } from "@medconnect/platform/crypto/row-proofs.ts";
import type { EventRoutes } from "@medconnect/platform/outbox/event.ts";
import type { Platform } from "@medconnect/platform/service/service.ts";

/** Actor of the changes that this service makes by itself, in the audit trail. */
export const SERVICE_ACTOR = "service:clinical";

/** Services that receive clinical's events, by event type. */
export const EVENT_ROUTES: EventRoutes = {
  "consultation.joined": ["scheduling"],
  "consultation.started": ["scheduling"],
  "consultation.overdue": ["scheduling"],
  "consultation.completed": ["scheduling", "billing"],
  "consultation.no_show": ["scheduling"],
  "consultation.abandoned": ["scheduling", "billing"],
};

export interface Clinical extends Platform {
  readonly proofs: RowProofs;
  readonly earlyStartMs: number;
  readonly noShowAfterMs: number;
  readonly unattendedAfterMs: number;
  readonly overdueAfterMs: number;
  readonly prescriptionValidityMs: number;
  readonly breakGlassMs: number;
}
