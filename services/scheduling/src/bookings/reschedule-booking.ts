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
    guardPerson(tx, found.patientId);
    const slots = await lockSlots(tx, [found.slotId, slotId], requiredRegion(app, found));
    const row = (await lockBooking(tx, bookingId))!;
    if (row.slotId === slotId && row.status === "CONFIRMED") {
      // A patient who moves the booking to its new time accepts the move.
      const facts = factsOf(row);
      if (user.role === "PATIENT" && row.movePending && acceptsMove(facts, facts, now)) {
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
      slotId: slot.id,
      startTime: slot.startTime,
      endTime: slot.endTime,
      sequence: row.sequence + 1,
      version: row.version + 1,
      movedBy: user.role,
      moveTime: now,
      previousStartTime: row.movePending ? row.previousStartTime : row.startTime,
      movePending: user.role === "PATIENT" ? 0 : 1,
    };
    const claim = claimOf(moved, now);
    if (!(await claimSlot(tx, claim))) {
      throw new ApiError((await hasOverlap(tx, claim)) ? "PATIENT_OVERLAP" : "SLOT_UNAVAILABLE");
    }
    const expired = slot.bookingId ? await expireBooking(tx, slot.bookingId, now) : [];
    releaseSlot(tx, row.slotId, row.id);
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
  if (!slot || !isPractising(slot, slot.startTime)) throw new ApiError("NOT_FOUND");
  if (slot.doctorId !== booking.doctorId) throw new ApiError("DOCTOR_DIFFERS");
  if (slot.feeMinor !== booking.feeMinor || slot.feeCurrency !== booking.feeCurrency) {
    throw new ApiError("FEE_DIFFERS");
  }
  const refusal = whyNotBookable(slot, now);
  if (refusal) throw new ApiError(refusal);
}
