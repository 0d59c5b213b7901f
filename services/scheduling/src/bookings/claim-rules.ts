import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Booking_Party } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { SlotRow } from "../slots/slot.ts";
import { type BookableFacts, whyNotBookable } from "../slots/slot-rules.ts";
import type { BookingRow } from "./booking.ts";
import { NOT_CLOSED } from "./booking-rules.ts";

/**
 * Facts that decide whether a patient gets a slot. Patient and slot are locked, so the facts stay true until
 * the commit.
 */
export interface Claim {
  slot: BookableFacts;
  /** The patient's account; `disabled` is true if it may not book. */
  patient: { disabled: boolean };
  /** Region in which the patient is, ISO 3166; empty if unknown. */
  patientRegion: string;
  live: LiveBookings;
  /** End of the patient's cooldown for the slot; null without one. */
  cooldownEnd: Date | null;
}

/**
 * Error if a patient may not have a slot; undefined if they get it. This rule decides new bookings, moves and
 * late payments.
 */
export function claimRefusal(
  { slot, patient, patientRegion, live, cooldownEnd }: Claim,
  limits: BookingLimits,
  booking: { isHold: boolean },
  now: Date,
): ApiError | undefined {
  const reason = whyNotBookable(slot, now);
  // No licence covers an unknown region, so the patient has to state one.
  if (reason === "NOT_LICENSED_IN_REGION" && patientRegion === "") return new ApiError("REGION_REQUIRED");
  if (reason) return new ApiError(reason);
  const refusal = cooldownRefusal(cooldownEnd, now) ?? limitRefusal(live, limits, booking);
  if (refusal) return refusal;
  return patient.disabled ? new ApiError("SLOT_UNAVAILABLE") : undefined;
}

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
  /** Number of unpaid holds whose appointment has not started. */
  holds: number;
  /** Number of bookings whose appointment has not started, including holds. */
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

/**
 * End of the cooldown after an ended hold of the patient, computed because the sweep has not stored the
 * cooldown yet; undefined if the hold was another patient's.
 */
export function cooldownEndAfter(endedHold: BookingRow | undefined, patientId: string): Date | undefined {
  if (endedHold?.patientId !== patientId || endedHold.holdExpireTime === null) return undefined;
  const { createTime, holdExpireTime } = endedHold;
  return cooldownEndOf({ createTime, holdExpireTime }, holdExpireTime);
}

/** Values of a new booking that do not come from its slot. */
export interface NewBooking {
  ids: { id: string; consultationId: string; paymentId: string };
  patient: { userId: string; fullName: string };
  /** ISO 3166; empty if unknown. */
  patientRegion: string;
  holdMs: number;
}

/** A new booking. It is confirmed if the slot is free of charge, otherwise held until `endOfHold`. */
export function newBooking(
  slot: SlotRow & { doctorName: string },
  { ids, patient, patientRegion, holdMs }: NewBooking,
  now: Date,
): BookingRow {
  const isFree = slot.feeMinor === 0;
  return {
    id: ids.id,
    slotId: slot.id,
    doctorId: slot.doctorId,
    doctorName: slot.doctorName,
    patientId: patient.userId,
    patientName: patient.fullName,
    consultationId: ids.consultationId,
    paymentId: isFree ? null : ids.paymentId,
    status: isFree ? "CONFIRMED" : "PENDING_PAYMENT",
    startTime: slot.startTime,
    endTime: slot.endTime,
    feeCurrency: slot.feeCurrency,
    feeMinor: slot.feeMinor,
    reason: null,
    holdExpireTime: isFree ? null : endOfHold(slot, now, holdMs),
    patientRegion,
    sequence: 0,
    version: 1,
    createTime: now,
    started: false,
    cancelTime: null,
    cancelledBy: null,
    cancelReason: null,
    feeDecision: null,
    movedBy: null,
    moveTime: null,
    previousStartTime: null,
    movePending: false,
    ...NOT_CLOSED,
  };
}

/** End of a hold that begins now: after `holdMs`, but not later than the start of the slot. */
export const endOfHold = ({ startTime }: { startTime: Date }, now: Date, holdMs: number): Date =>
  new Date(Math.min(now.getTime() + holdMs, startTime.getTime()));

/**
 * A booking after its move to another slot of the same doctor and fee. If the doctor or an admin moved it,
 * the patient has to accept the new time.
 */
export const movedTo = (
  { id, startTime, endTime }: SlotRow,
  row: BookingRow,
  by: Booking_Party,
  now: Date,
): BookingRow => ({
  ...row,
  slotId: id,
  startTime,
  endTime,
  sequence: row.sequence + 1,
  version: row.version + 1,
  movedBy: by,
  moveTime: now,
  // The start that the patient accepted last. It stays the same if the booking is moved again before the
  // patient accepts.
  previousStartTime: row.movePending ? row.previousStartTime : row.startTime,
  movePending: by !== "PATIENT",
});
