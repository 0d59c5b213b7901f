import { ApiError } from "@medconnect/platform/errors/api-error.ts";

/** Limits on one patient's live bookings before their start; 0: no limit. */
export interface BookingLimits {
  /** Unpaid holds. */
  readonly holds: number;
  /** All bookings, including holds. */
  readonly bookings: number;
  /** Bookings with one doctor. */
  readonly bookingsPerDoctor: number;
}

/** Counts of a patient's live bookings, compared with a new one: overlapping, and before their start. */
export interface LiveBookings {
  overlapping: number;
  holds: number;
  bookings: number;
  /** Those of `bookings` with the doctor of the new one. */
  withDoctor: number;
}

/** The refusal of a new booking; undefined if it is allowed. A free booking is never a hold. */
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

/** Length of a cooldown, in lengths of its unpaid hold. */
const COOLDOWN_FACTOR = 2;

/**
 * The end of a cooldown: twice the hold's length after the hold.
 *
 * @param endTime end or cancellation of the hold
 */
export function cooldownEndOf(hold: { createTime: Date; holdExpireTime: Date }, endTime: Date): Date {
  const lengthMs = hold.holdExpireTime.getTime() - hold.createTime.getTime();
  return new Date(endTime.getTime() + COOLDOWN_FACTOR * lengthMs);
}

/** Throws HOLD_COOLDOWN with the remaining time. */
export function assertCooledDown(cooldownEnd: Date | null, now: Date): void {
  if (cooldownEnd === null || cooldownEnd <= now) return;
  throw new ApiError("HOLD_COOLDOWN", { retryAfterMs: cooldownEnd.getTime() - now.getTime() });
}
