import type { EventRoutes } from "@medconnect/platform/outbox/event.ts";
import type { Platform } from "@medconnect/platform/service/service.ts";
import type { BookingLimits } from "./bookings/claim-rules.ts";
import type { Jurisdiction } from "./jurisdiction/jurisdiction.ts";

/** Actor of the changes that this service makes by itself, in the audit trail. */
export const SERVICE_ACTOR = "service:scheduling";

/** Services to which each type of event is sent. */
export const EVENT_ROUTES: EventRoutes = {
  "booking.held": ["billing"],
  "booking.confirmed": ["clinical"],
  "booking.rescheduled": ["clinical"],
  "booking.move_accepted": ["clinical"],
  "booking.cancelled": ["billing", "clinical"],
  "booking.closed": ["billing", "clinical"],
  "booking.fee_decided": ["billing"],
  "booking.expired": ["billing"],
  "booking.payment_refused": ["billing"],
  "doctor.licensed": ["clinical"],
  "license.decided": ["auth"],
};

export interface Scheduling extends Platform {
  readonly holdMs: number;
  readonly jurisdiction: Jurisdiction;
  readonly cancelCutoffMs: number;
  readonly bookingLimits: BookingLimits;
  /** Maximum number of future slots of each doctor; 0 means no limit. */
  readonly doctorMaxSlots: number;
}
