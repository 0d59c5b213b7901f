import { duration } from "@medconnect/platform/config/config.ts";
import * as z from "zod";
import type { BookingLimits } from "./bookings/booking-limits.ts";

const limit = (fallback: number) => z.coerce.number().int().min(0).default(fallback);

/** Scheduling's settings beyond those of every service. */
export const schedulingSettings = {
  /** How long an unpaid booking holds its slot. */
  BOOKING_HOLD: duration("15m"),
  /** Until how long before the start a patient cancels for free. */
  CANCEL_CUTOFF: duration("24h"),
  /** Maximum unpaid holds of a patient; 0: no limit, as below. */
  PATIENT_MAX_HOLDS: limit(3),
  /** Maximum live bookings of a patient before their start, including holds. */
  PATIENT_MAX_BOOKINGS: limit(10),
  /** Maximum of these with one doctor. */
  PATIENT_MAX_BOOKINGS_PER_DOCTOR: limit(3),
  /** Maximum future slots of a doctor, except withdrawn ones. */
  DOCTOR_MAX_SLOTS: limit(10_000),
  /** `enforced`: patients find and book only doctors with a licence for the patient's region. */
  JURISDICTION: z.enum(["off", "enforced"]).default("off"),
  /** How often ended holds are swept. */
  HOLD_SWEEP: duration("2s"),
  /** How often changed bookings are compared with billing and clinical; "0s": never. */
  RECONCILE_EVERY: duration("5m"),
  /** How long a change has to reach the others before it is compared. */
  RECONCILE_GRACE: duration("60s"),
};

/** The limits of a new booking from the settings. */
export const bookingLimitsOf = (
  config: Record<"PATIENT_MAX_HOLDS" | "PATIENT_MAX_BOOKINGS" | "PATIENT_MAX_BOOKINGS_PER_DOCTOR", number>,
): BookingLimits => ({
  holds: config.PATIENT_MAX_HOLDS,
  bookings: config.PATIENT_MAX_BOOKINGS,
  bookingsPerDoctor: config.PATIENT_MAX_BOOKINGS_PER_DOCTOR,
});
