import type { Consumers } from "@medconnect/platform/inbox/inbox.ts";
import type { Clinical } from "./app.ts";
import {
  applyBookingCancelled,
  applyBookingClosed,
  applyBookingConfirmed,
  applyBookingRescheduled,
  applyMoveAccepted,
} from "./bookings/apply-booking-events.ts";
import { applyGrantEvents } from "./break-glass/apply-grant-events.ts";
import { applyDoctorEvents } from "./doctors/apply-doctor-events.ts";
import { applyUserEvents } from "./people/apply-user-events.ts";

/** Event types that clinical consumes, each with its sender and handler. */
export function consumersOf(app: Clinical): Consumers {
  const user = { from: "auth", apply: applyUserEvents };
  const grant = { from: "auth", apply: applyGrantEvents(app) };
  return {
    "user.created": { ...user, isFirst: true },
    "user.updated": user,
    "user.disabled": user,
    "user.enabled": user,
    "break_glass.granted": { ...grant, isFirst: true },
    "break_glass.revoked": grant,
    "doctor.licensed": { from: "scheduling", apply: applyDoctorEvents },
    "booking.confirmed": { from: "scheduling", apply: applyBookingConfirmed, isFirst: true },
    "booking.rescheduled": { from: "scheduling", apply: applyBookingRescheduled },
    "booking.move_accepted": { from: "scheduling", apply: applyMoveAccepted },
    "booking.closed": { from: "scheduling", apply: applyBookingClosed(app) },
    "booking.cancelled": { from: "scheduling", apply: applyBookingCancelled(app) },
  };
}
