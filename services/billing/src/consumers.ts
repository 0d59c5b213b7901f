import type { Consumers } from "@medconnect/platform/inbox/inbox.ts";
import type { Billing } from "./app.ts";
import {
  applyBookingEnded,
  applyBookingExpired,
  applyBookingHeld,
  applyFeeDecision,
} from "./payments/apply-booking-events.ts";
import { applyConsultationEnded } from "./payments/apply-consultation-events.ts";

/** Handlers of consumed events, by type. */
export function consumersOf(app: Billing): Consumers {
  const ended = { from: "scheduling", apply: applyBookingEnded(app) };
  const decided = { from: "scheduling", apply: applyFeeDecision(app) };
  return {
    "booking.held": { from: "scheduling", apply: applyBookingHeld(app), isFirst: true },
    "booking.expired": { from: "scheduling", apply: applyBookingExpired(app) },
    "booking.cancelled": ended,
    "booking.payment_refused": ended,
    "booking.closed": decided,
    "booking.fee_decided": decided,
    "consultation.completed": {
      from: "clinical",
      apply: applyConsultationEnded(app, "consultation.completed"),
    },
    // Before version 0.2.0, clinical sends this event. From 0.2.0 on, scheduling sends booking.fee_decided
    // instead.
    "consultation.no_show": { from: "clinical", apply: applyConsultationEnded(app, "consultation.no_show") },
    "consultation.abandoned": {
      from: "clinical",
      apply: applyConsultationEnded(app, "consultation.abandoned"),
    },
  };
}
