import { readEntries } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  Booking,
  RescheduleBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { isPractising } from "../doctors/doctor-rules.ts";
import { requiredRegion } from "../jurisdiction/jurisdiction.ts";
import { guardPerson } from "../people/people-store.ts";
import { whyNotBookable } from "../slots/slot-rules.ts";
import { lockSlots, releaseSlot, type SlotRow } from "../slots/slot-store.ts";
import { saveAcceptance } from "./accept-move.ts";
import { bookingEntry, factsOf } from "./booking.ts";
import { readsOf, viewOf } from "./booking-access.ts";
import { acceptsMove, assertReschedulable } from "./booking-rules.ts";
import {
  type BookingRow,
  claimOf,
  claimSlot,
  hasOverlap,
  lockBooking,
  saveBooking,
} from "./booking-store.ts";
import { expireBooking } from "./expire-bookings.ts";
import { findOwnBooking } from "./find-own-booking.ts";

/**
 * BookingService.RescheduleBooking: one transaction gives the old slot back and takes the new one. A move by the doctor or
 * an admin waits for the patient's acceptance. Throws NOT_FOUND, ILLEGAL_TRANSITION, BOOKING_STARTED, RESCHEDULE_TOO_LATE,
 * DOCTOR_DIFFERS, FEE_DIFFERS, SLOT_UNAVAILABLE, PATIENT_OVERLAP, NOT_LICENSED_IN_REGION.
 */
export async function rescheduleBooking(
  app: Scheduling,
  { bookingId, slotId }: RescheduleBookingRequest,
  call: Call,
): Promise<Booking> {
  const user = userOf(call);
  const found = await findOwnBooking(app, user, bookingId);
  const reschedule = async (tx: Transaction) => {
    const now = app.clock.now();
    guardPerson(tx, found.patient_id);
    const slots = await lockSlots(tx, [found.slot_id, slotId], requiredRegion(app, found));
    const row = (await lockBooking(tx, bookingId))!;
    if (row.slot_id === slotId && row.status === "CONFIRMED") {
      // A patient who moves the booking to its new time accepts the move.
      const facts = factsOf(row);
      if (user.role === "PATIENT" && row.move_pending && acceptsMove(facts, facts, now)) {
        const { accepted, entry } = saveAcceptance(tx, row, now);
        return { response: viewOf(user, accepted, now, app.cipher), entries: [entry] };
      }
      return { response: viewOf(user, row, now, app.cipher), entries: [] };
    }
    assertReschedulable(factsOf(row), user.role, now, app.cancelCutoffMs);
    const slot = slots.find(({ id }) => id === slotId);
    assertFits(row, slot, now);
    const moved: BookingRow = {
      ...row,
      slot_id: slot.id,
      start_time: slot.start_time,
      end_time: slot.end_time,
      sequence: row.sequence + 1,
      version: row.version + 1,
      moved_by: user.role,
      move_time: now,
      previous_start_time: row.move_pending ? row.previous_start_time : row.start_time,
      move_pending: user.role === "PATIENT" ? 0 : 1,
    };
    const claim = claimOf(moved, now);
    if (!(await claimSlot(tx, claim))) {
      throw new ApiError((await hasOverlap(tx, claim)) ? "PATIENT_OVERLAP" : "SLOT_UNAVAILABLE");
    }
    const expired = slot.booking_id ? await expireBooking(tx, slot.booking_id, now) : [];
    releaseSlot(tx, row.slot_id, row.id);
    saveBooking(tx, moved, now);
    return {
      response: viewOf(user, moved, now, app.cipher),
      entries: [bookingEntry("rescheduled", moved), ...expired],
    };
  };
  return await app.calls.apply(call, reschedule, (booking) =>
    readEntries("booking.get", readsOf(user, [booking])),
  );
}

function assertFits(booking: BookingRow, slot: SlotRow | undefined, now: Date): asserts slot is SlotRow {
  // First, so that a slot without a practising doctor is refused like an unknown one.
  if (!slot || !isPractising(slot, slot.start_time)) throw new ApiError("NOT_FOUND");
  if (slot.doctor_id !== booking.doctor_id) throw new ApiError("DOCTOR_DIFFERS");
  if (slot.fee_minor !== booking.fee_minor || slot.fee_currency !== booking.fee_currency) {
    throw new ApiError("FEE_DIFFERS");
  }
  const refusal = whyNotBookable(slot, now);
  if (refusal) throw new ApiError(refusal);
}
