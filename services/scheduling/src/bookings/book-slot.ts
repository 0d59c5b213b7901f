import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { newId } from "@medconnect/platform/ids.ts";
import type {
  Booking,
  CreateBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { whyNotBookable } from "../slots/bookable.ts";
import { bookingTrail, reasonPlace, toBookingWithoutTexts } from "./booking.ts";
import {
  type BookableSlot,
  type BookingRow,
  claimOf,
  claimSlot,
  findBookableSlot,
  hasOverlap,
  insertBooking,
  NOT_CLOSED,
} from "./booking-store.ts";
import { expireBooking } from "./expire-bookings.ts";

/**
 * BookingService.CreateBooking: a free slot is confirmed at once, a paid one held until `holdMs` from now.
 * Throws NOT_FOUND, SLOT_UNAVAILABLE, PATIENT_OVERLAP.
 */
export const bookSlot =
  (app: Scheduling) =>
  async ({ slotId, reason }: CreateBookingRequest, call: Call): Promise<Booking> => {
    const { userId: patientId } = userOf(call);
    return await app.changes.apply(call, async (tx) => {
      const now = app.clock.now();
      const slot = await findBookableSlot(app.db, slotId, patientId);
      assertBookable(slot, now);
      const booking = newBooking(slot, patientId, now, app.holdMs);
      booking.reason = reason === "" ? null : app.box.seal(reasonPlace(booking.id), reason);
      await claim(tx, booking, now);
      // Whoever held the slot before did not pay in time; with the slot taken over, that booking has to end now.
      const expired = slot.booking_id ? await expireBooking(tx, slot.booking_id, now) : [];
      insertBooking(tx, booking);
      const trail = bookingTrail(booking.status === "CONFIRMED" ? "confirmed" : "held", booking);
      return { response: { ...toBookingWithoutTexts(booking, now), reason }, trails: [trail, ...expired] };
    });
  };

function assertBookable(slot: BookableSlot | undefined, now: Date): asserts slot is BookableSlot {
  const refusal = slot ? whyNotBookable(slot, now) : "NOT_FOUND";
  if (refusal) throw new ApiError(refusal);
}

function newBooking(slot: BookableSlot, patientId: string, now: Date, holdMs: number): BookingRow {
  const isFree = slot.fee_minor === 0;
  return {
    id: newId(),
    slot_id: slot.id,
    doctor_id: slot.doctor_id,
    doctor_name: slot.doctor_name,
    patient_id: patientId,
    patient_name: slot.patient_name,
    consultation_id: newId(),
    payment_id: isFree ? null : newId(),
    status: isFree ? "CONFIRMED" : "PENDING_PAYMENT",
    start_time: slot.start_time,
    end_time: slot.end_time,
    fee_currency: slot.fee_currency,
    fee_minor: slot.fee_minor,
    reason: null,
    hold_expire_time: isFree ? null : endOfHold(slot, now, holdMs),
    sequence: 0,
    version: 1,
    create_time: now,
    begun: 0,
    cancel_time: null,
    cancelled_by: null,
    cancel_reason: null,
    settlement: null,
    moved_by: null,
    move_time: null,
    previous_start_time: null,
    move_pending: 0,
    ...NOT_CLOSED,
  };
}

/** A hold does not outlast the start: what is not paid by then does not take place. */
const endOfHold = (slot: BookableSlot, now: Date, holdMs: number): Date =>
  new Date(Math.min(now.getTime() + holdMs, slot.start_time.getTime()));

async function claim(tx: Transaction, booking: BookingRow, now: Date): Promise<void> {
  const wanted = claimOf(booking, now);
  if (await claimSlot(tx, wanted)) return;
  throw new ApiError((await hasOverlap(tx, wanted)) ? "PATIENT_OVERLAP" : "SLOT_UNAVAILABLE");
}
