import { ApiError } from "@medconnect/platform/errors/api-error.ts";

/** Limits on the live bookings of one patient that have not started; 0 is none. */
export interface BookingLimits {
  /** Unpaid holds. */
  readonly holds: number;
  /** All bookings, holds among them. */
  readonly bookings: number;
  /** Those with one doctor. */
  readonly bookingsPerDoctor: number;
}

/** A patient's live bookings in the light of another one: those that overlap it, and those that have not started. */
export interface LiveBookings {
  overlapping: number;
  holds: number;
  bookings: number;
  /** Of `bookings`, those with the doctor of the other one. */
  withDoctor: number;
}

/** The refusal of another booking; undefined where nothing is in its way. A free booking is never a hold. */
export function refusalOf(
  live: LiveBookings,
  limits: BookingLimits,
  booking: { isHold: boolean },
): ApiError | undefined {
  if (live.overlapping > 0) return new ApiError("PATIENT_OVERLAP");
  if (booking.isHold && isReached(limits.holds, live.holds))
    return tooMany("TOO_MANY_HOLDS", limits.holds, "PATIENT");
  if (isReached(limits.bookingsPerDoctor, live.withDoctor)) {
    return tooMany("TOO_MANY_BOOKINGS", limits.bookingsPerDoctor, "DOCTOR");
  }
  if (isReached(limits.bookings, live.bookings))
    return tooMany("TOO_MANY_BOOKINGS", limits.bookings, "PATIENT");
  return undefined;
}

const isReached = (limit: number, count: number): boolean => limit > 0 && count >= limit;

const tooMany = (reason: "TOO_MANY_HOLDS" | "TOO_MANY_BOOKINGS", limit: number, per: "PATIENT" | "DOCTOR") =>
  new ApiError(reason, { metadata: { limit: `${limit}`, per } });

/** A hold that was not paid, in relation to its length, blocks its slot for its patient for so long. */
const COOLDOWN_FACTOR = 2;

/**
 * The end of the time in which a patient cannot hold a slot again: twice the hold's length after the hold.
 *
 * @param endTime when the hold ended, or was cancelled
 */
export function cooldownEndOf(hold: { createTime: Date; holdExpireTime: Date }, endTime: Date): Date {
  const lengthMs = hold.holdExpireTime.getTime() - hold.createTime.getTime();
  return new Date(endTime.getTime() + COOLDOWN_FACTOR * lengthMs);
}

/** Throws HOLD_COOLDOWN, with the time left. */
export function assertCooledDown(cooldownEnd: Date | null, now: Date): void {
  if (cooldownEnd === null || cooldownEnd <= now) return;
  throw new ApiError("HOLD_COOLDOWN", { retryAfterMs: cooldownEnd.getTime() - now.getTime() });
}
