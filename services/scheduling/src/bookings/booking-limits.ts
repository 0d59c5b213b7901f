import { ApiError } from "@medconnect/platform/errors/api-error.ts";

/** Limits on one patient's live bookings before their start; 0: unlimited. */
export interface BookingLimits {
  /** Unpaid holds. */
  readonly holds: number;
  /** All bookings, including holds. */
  readonly bookings: number;
  /** Bookings with one doctor. */
  readonly bookingsPerDoctor: number;
}

/** A move is subject to no limit, because the booking was checked against the limits when it was made. */
export const NO_LIMITS: BookingLimits = { holds: 0, bookings: 0, bookingsPerDoctor: 0 };

/** Numbers of a patient's live bookings, except the one that is being booked or moved. */
export interface LiveBookings {
  overlapping: number;
  /** Unpaid holds before their start. */
  holds: number;
  /** Bookings before their start, including holds. */
  bookings: number;
  /** Number of those in `bookings` that are with the claimed slot's doctor. */
  withDoctor: number;
}

/**
 * Error if a new booking overlaps one of the patient's live bookings, or exceeds a limit; undefined if
 * neither. `isHold` is true for a booking that must be paid first.
 */
export function limitRefusal(
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

/** A cooldown lasts this many times as long as the unpaid hold before it. */
const COOLDOWN_FACTOR = 2;

/**
 * End of the cooldown after an unpaid hold.
 *
 * @param endTime end or cancellation of the hold
 */
export function cooldownEndOf(hold: { createTime: Date; holdExpireTime: Date }, endTime: Date): Date {
  const lengthMs = hold.holdExpireTime.getTime() - hold.createTime.getTime();
  return new Date(endTime.getTime() + COOLDOWN_FACTOR * lengthMs);
}

/** Error during a cooldown, with the remaining time; undefined after the cooldown. */
export function cooldownRefusal(cooldownEnd: Date | null, now: Date): ApiError | undefined {
  if (cooldownEnd === null || cooldownEnd <= now) return undefined;
  return new ApiError("HOLD_COOLDOWN", { retryAfterMs: cooldownEnd.getTime() - now.getTime() });
}
