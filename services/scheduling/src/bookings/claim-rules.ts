import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Booking_Party } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { SlotRow } from "../slots/slot.ts";
import { type BookableFacts, whyNotBookable } from "../slots/slot-rules.ts";
import type { BookingRow } from "./booking.ts";
import {
  type BookingLimits,
  cooldownEndOf,
  cooldownRefusal,
  type LiveBookings,
  limitRefusal,
} from "./booking-limits.ts";
import { NOT_CLOSED } from "./booking-rules.ts";

/**
 * Facts that decide whether a patient gets a slot. Patient and slot are locked, so the facts stay true until
 * the commit.
 */
export interface Claim {
  slot: BookableFacts;
  /** The patient's account; `disabled` is 1 if it may not book. */
  patient: { disabled: number };
  live: LiveBookings;
  /** End of the patient's cooldown for the slot; null without one. */
  cooldownEnd: Date | null;
}

/**
 * Error if a patient may not have a slot; undefined if they get it. This rule decides new bookings, moves and
 * late payments.
 */
export function claimRefusal(
  { slot, patient, live, cooldownEnd }: Claim,
  limits: BookingLimits,
  booking: { isHold: boolean },
  now: Date,
): ApiError | undefined {
  const reason = whyNotBookable(slot, now);
  if (reason) return new ApiError(reason);
  const refusal = cooldownRefusal(cooldownEnd, now) ?? limitRefusal(live, limits, booking);
  if (refusal) return refusal;
  return patient.disabled ? new ApiError("SLOT_UNAVAILABLE") : undefined;
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
    started: 0,
    cancelTime: null,
    cancelledBy: null,
    cancelReason: null,
    feeDecision: null,
    movedBy: null,
    moveTime: null,
    previousStartTime: null,
    movePending: 0,
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
  movePending: by === "PATIENT" ? 0 : 1,
});
