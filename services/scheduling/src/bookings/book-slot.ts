import type { Trail } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { newId } from "@medconnect/platform/ids.ts";
import type {
  Booking,
  CreateBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { isPractising } from "../doctors/doctor-rules.ts";
import { whyNotBookable } from "../slots/bookable.ts";
import { bookingTrail, reasonPlace, toBookingWithoutTexts } from "./booking.ts";
import { assertCooledDown, type BookingLimits, cooldownEndOf, refusalOf } from "./booking-limits.ts";
import { explainClaim } from "./booking-limits-store.ts";
import {
  type BookableSlot,
  type BookingRow,
  claimOf,
  claimSlot,
  findBookableSlot,
  insertBooking,
  NOT_CLOSED,
} from "./booking-store.ts";
import { expireBooking } from "./expire-bookings.ts";

/**
 * BookingService.CreateBooking: a free slot is confirmed at once, a paid one held until `holdMs` from now.
 * Throws NOT_FOUND, SLOT_UNAVAILABLE, PATIENT_OVERLAP, NOT_LICENSED_IN_REGION, REGION_REQUIRED,
 * TOO_MANY_HOLDS, TOO_MANY_BOOKINGS, HOLD_COOLDOWN.
 */
export const bookSlot =
  (app: Scheduling) =>
  async ({ slotId, reason, patientRegion: stated }: CreateBookingRequest, call: Call): Promise<Booking> => {
    const { userId: patientId } = userOf(call);
    return await app.changes.apply(call, async (tx) => {
      const now = app.clock.now();
      const { jurisdiction } = app;
      const slot = await findBookableSlot(app.db, slotId, patientId, { jurisdiction, region: stated });
      assertShown(slot);
      const region = stated || (slot.profile_region ?? "");
      if (region === "" && jurisdiction === "enforced") throw new ApiError("REGION_REQUIRED");
      assertBookable(slot, now);
      const booking = { ...newBooking(slot, patientId, now, app.holdMs), patient_region: region };
      booking.reason = reason === "" ? null : app.box.seal(reasonPlace(booking), reason);
      await claim(tx, booking, app.bookingLimits, now);
      // An unpaid, ended hold may still have the slot. It ends now, because this booking takes its slot.
      const expired = slot.booking_id ? await expireBooking(tx, slot.booking_id, now) : [];
      insertBooking(tx, booking);
      const trail = bookingTrail(booking.status === "CONFIRMED" ? "confirmed" : "held", booking);
      return {
        response: { ...toBookingWithoutTexts(booking, now), reason },
        trails: [trail, ...regionTrail(booking, stated), ...expired],
      };
    });
  };

/** The audit entry for the source of a booking's region: the patient's statement, or the profile. */
function regionTrail({ id, patient_id, patient_region: region }: BookingRow, stated: string): Trail[] {
  if (region === "") return [];
  const action = stated === "" ? "booking.region_from_profile" : "booking.state_region";
  return [{ action, resource: `bookings/${id}`, subjectIds: [patient_id] }];
}

/** A slot without a practising doctor is refused like an unknown one, before any other check. */
function assertShown(slot: BookableSlot | undefined): asserts slot is BookableSlot {
  if (!slot || !isPractising(slot, slot.start_time)) throw new ApiError("NOT_FOUND");
}

function assertBookable(slot: BookableSlot, now: Date): void {
  const refusal = whyNotBookable(slot, now);
  if (refusal) throw new ApiError(refusal);
  assertCooledDown(cooldownEndAt(slot), now);
}

/** A cooldown applies to the patient's ended hold, swept or not. */
function cooldownEndAt(slot: BookableSlot): Date | null {
  const { own_hold_create_time: createTime, hold_expire_time: holdExpireTime } = slot;
  if (!createTime || !holdExpireTime) return slot.cooldown_end_time;
  return cooldownEndOf({ createTime, holdExpireTime }, holdExpireTime);
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
    patient_region: "",
    ...NOT_CLOSED,
  };
}

/** A hold does not outlast the start: what is not paid by then does not take place. */
const endOfHold = (slot: BookableSlot, now: Date, holdMs: number): Date =>
  new Date(Math.min(now.getTime() + holdMs, slot.start_time.getTime()));

async function claim(tx: Transaction, booking: BookingRow, limits: BookingLimits, now: Date): Promise<void> {
  const wanted = claimOf(booking, now);
  if (await claimSlot(tx, wanted, limits)) return;
  const { live, cooldownEnd } = await explainClaim(tx, wanted);
  const refusal = refusalOf(live, limits, { isHold: booking.status === "PENDING_PAYMENT" });
  if (refusal) throw refusal;
  assertCooledDown(cooldownEnd, now);
  throw new ApiError("SLOT_UNAVAILABLE");
}
