import { duration, limit } from "@medconnect/platform/config/config.ts";
import * as z from "zod";
import type { BookingLimits } from "./bookings/claim-rules.ts";

/** Settings of scheduling, in addition to those that every service has. */
export const schedulingSettings = {
  BOOKING_HOLD: duration("15m").describe("Time to pay a held slot"),
  CANCEL_CUTOFF: duration("24h").describe("Time before the start until which a patient cancels for free"),
  PATIENT_MAX_HOLDS: limit(3).describe("Unpaid holds of each patient; 0: no limit"),
  PATIENT_MAX_BOOKINGS: limit(10).describe(
    "Bookings of each patient that have not started, including holds; 0: no limit. Prefer a high limit to 0: " +
      "each booking and late payment of a patient reads all these bookings, so without a limit one patient can " +
      "make both ever slower",
  ),
  PATIENT_MAX_BOOKINGS_PER_DOCTOR: limit(3).describe("Those with one doctor; 0: no limit"),
  DOCTOR_MAX_SLOTS: limit(10_000).describe("Future slots of each doctor, except withdrawn ones; 0: no limit"),
  JURISDICTION: z
    .enum(["off", "enforced"])
    .default("off")
    .describe(
      "`enforced`: patients find and book only doctors with a licence for the patient's region. [Check the " +
        "existing bookings before you switch it on](decisions/0026-licences.md#switching-jurisdiction-on)",
    ),
  HOLD_SWEEP: duration("2s").describe(
    "Interval of ending holds, erasing reasons, and ending bookings and slots of disabled or unlicensed people",
  ),
  RECONCILE_EVERY: duration("5m").describe(
    "Interval of comparing changed bookings with billing and clinical; `0s`: never",
  ),
  RECONCILE_GRACE: duration("60s").describe(
    "Age of a change before it is compared, for its events to arrive",
  ),
};

/** Reads the limits on a patient's holds and future bookings from the settings; 0 means no limit. */
export const bookingLimitsOf = (
  config: Record<"PATIENT_MAX_HOLDS" | "PATIENT_MAX_BOOKINGS" | "PATIENT_MAX_BOOKINGS_PER_DOCTOR", number>,
): BookingLimits => ({
  holds: config.PATIENT_MAX_HOLDS,
  bookings: config.PATIENT_MAX_BOOKINGS,
  bookingsPerDoctor: config.PATIENT_MAX_BOOKINGS_PER_DOCTOR,
});
