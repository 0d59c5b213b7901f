import type { Consumers } from "@medconnect/platform/inbox/inbox.ts";
import type { Scheduling } from "./app.ts";
import { applyConsultationEvent } from "./bookings/apply-consultation-events.ts";
import { applyPaymentAuthorized } from "./bookings/apply-payment-events.ts";
import { applyPaymentCancelled } from "./bookings/erase-reasons.ts";
import { applyUserEvent } from "./people/apply-user-event.ts";

/** Which events it takes, from whom, and what they do. */
export function consumersOf(app: Scheduling): Consumers {
  const user = { from: "auth", apply: applyUserEvent(app) };
  return {
    "user.created": user,
    "user.updated": user,
    "user.disabled": user,
    "user.enabled": user,
    "payment.authorized": { from: "billing", apply: applyPaymentAuthorized(app) },
    "payment.cancelled": { from: "billing", apply: applyPaymentCancelled(app) },
    "consultation.joined": { from: "clinical", apply: applyConsultationEvent(app, "consultation.joined") },
    "consultation.started": { from: "clinical", apply: applyConsultationEvent(app, "consultation.started") },
    "consultation.overdue": { from: "clinical", apply: applyConsultationEvent(app, "consultation.overdue") },
    "consultation.completed": {
      from: "clinical",
      apply: applyConsultationEvent(app, "consultation.completed"),
    },
    "consultation.no_show": { from: "clinical", apply: applyConsultationEvent(app, "consultation.no_show") },
    "consultation.abandoned": {
      from: "clinical",
      apply: applyConsultationEvent(app, "consultation.abandoned"),
    },
  };
}
