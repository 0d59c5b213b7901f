import type { Consumers } from "@medconnect/platform/inbox/inbox.ts";
import { applyUserEvents } from "./accounts/apply-user-events.ts";
import type { Scheduling } from "./app.ts";
import { applyConsultationEvent } from "./bookings/apply-consultation-events.ts";
import { applyPaymentAuthorized } from "./bookings/apply-payment-events.ts";
import { applyPaymentCancelled } from "./bookings/erase-reasons.ts";

/** Event types that scheduling consumes, each with its sender and handler. */
export function consumersOf(app: Scheduling): Consumers {
  const user = { from: "auth", apply: applyUserEvents(app) };
  return {
    "user.created": { ...user, isFirst: true },
    "user.updated": user,
    "user.disabled": user,
    "user.enabled": user,
    "payment.authorized": { from: "billing", apply: applyPaymentAuthorized(app), isFirst: true },
    "payment.cancelled": { from: "billing", apply: applyPaymentCancelled },
    "consultation.joined": { from: "clinical", apply: applyConsultationEvent("consultation.joined") },
    "consultation.started": { from: "clinical", apply: applyConsultationEvent("consultation.started") },
    "consultation.overdue": { from: "clinical", apply: applyConsultationEvent("consultation.overdue") },
    "consultation.completed": {
      from: "clinical",
      apply: applyConsultationEvent("consultation.completed"),
    },
    "consultation.no_show": { from: "clinical", apply: applyConsultationEvent("consultation.no_show") },
    "consultation.abandoned": {
      from: "clinical",
      apply: applyConsultationEvent("consultation.abandoned"),
    },
  };
}
