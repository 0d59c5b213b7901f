import { readEntries } from "@medconnect/platform/changes/audit-entry.ts";
import { changed, type Effect, unchanged } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
import type {
  Booking,
  RescheduleBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { isPractising } from "../doctors/doctor-rules.ts";
import { requiredRegion } from "../jurisdiction/jurisdiction.ts";
import { guardPerson } from "../people/people-store.ts";
import { lockSlots, releaseSlot, takeSlots } from "../slots/slot-store.ts";
import { saveAcceptance } from "./accept-move.ts";
import { type BookingRow, bookingEntry, factsOf } from "./booking.ts";
import { readsOf, viewOf } from "./booking-access.ts";
import { acceptsMove, assertReschedulable } from "./booking-rules.ts";
import { lockKnownBooking, saveBooking } from "./booking-store.ts";
import { claimRefusal, movedTo, NO_LIMITS } from "./claim-rules.ts";
import { type LockedWish, lockWishes } from "./claim-store.ts";
import { endHold } from "./expire-bookings.ts";
import { findOwnBooking } from "./find-own-booking.ts";

/**
 * BookingService.RescheduleBooking: one transaction opens the old slot and books the new one. A move by the
 * doctor or an admin waits for the patient's acceptance. Throws NOT_FOUND, ILLEGAL_TRANSITION,
 * BOOKING_STARTED, RESCHEDULE_TOO_LATE, DOCTOR_DIFFERS, FEE_DIFFERS, SLOT_UNAVAILABLE, PATIENT_OVERLAP,
 * NOT_LICENSED_IN_REGION.
 */
export async function rescheduleBooking(
  app: Scheduling,
  { bookingId, slotId }: RescheduleBookingRequest,
  call: Call,
): Promise<Booking> {
  const user = userOf(call);
  const found = await findOwnBooking(app, user, bookingId);
  const reschedule = async (tx: Transaction): Promise<Effect<Booking>> => {
    const now = app.businessClock.now();
    const { patientId, slotId: oldSlotId } = found;
    // Patient, slots, booking: the lock order of every transaction.
    guardPerson(tx, patientId);
    await lockSlots(tx, [oldSlotId, slotId]);
    const row = await lockKnownBooking(tx, bookingId);
    if (row.slotId === slotId && row.status === "CONFIRMED") return stay(app, tx, user, row, now);
    assertReschedulable(factsOf(row), user.role, now, app.cancelCutoffMs);
    const wish = { slotId, patientId, bookingId, region: requiredRegion(app, row) };
    const [locked] = await lockWishes(tx, [wish], now, false);
    assertFits(row, locked);
    const { slot, endedHold } = locked;
    // The doctor's own rules bind patients only.
    const claimed = user.role === "PATIENT" ? slot : { ...slot, minimumNotice: 0, isFull: false };
    const claim = { ...locked, slot: claimed, cooldownEnd: null, patientRegion: row.patientRegion };
    const refusal = claimRefusal(claim, NO_LIMITS, { isHold: false }, now);
    if (refusal) throw refusal;
    const moved = movedTo(slot, row, user.role, now);
    takeSlots(tx, [{ slotId, bookingId, holdExpireTime: null }]);
    // The ended hold of the new slot is saved before the moved booking, because a unique index allows one
    // live booking per slot.
    const expired = endedHold ? [endHold(tx, endedHold, now)] : [];
    releaseSlot(tx, row.slotId, bookingId);
    saveBooking(tx, moved, now);
    return changed(viewOf(user, moved, now, app.cipher), bookingEntry("rescheduled", moved), ...expired);
  };
  return await app.calls.apply(call, reschedule, (booking) =>
    readEntries("booking.get", readsOf(user, [booking])),
  );
}

/**
 * Response if the booking already has the requested slot. If the doctor moved it there, and the patient
 * requests the same slot, the patient accepts the move.
 */
function stay(
  app: Scheduling,
  tx: Transaction,
  user: UserCaller,
  row: BookingRow,
  now: Date,
): Effect<Booking> {
  const facts = factsOf(row);
  if (user.role === "PATIENT" && row.movePending && acceptsMove(facts, facts, now)) {
    const { accepted, entry } = saveAcceptance(tx, row, now);
    return changed(viewOf(user, accepted, now, app.cipher), entry);
  }
  return unchanged(viewOf(user, row, now, app.cipher));
}

/**
 * Checks that the wished slot has the same doctor and the same fee as the booking. Throws NOT_FOUND,
 * DOCTOR_DIFFERS, FEE_DIFFERS.
 */
function assertFits(booking: BookingRow, wish: LockedWish | undefined): asserts wish is LockedWish {
  // Checked first, so that the slot of a doctor who does not practise is refused like an unknown slot.
  if (!wish || !isPractising(wish.slot, wish.slot.startTime)) throw new ApiError("NOT_FOUND");
  const { slot } = wish;
  if (slot.doctorId !== booking.doctorId) throw new ApiError("DOCTOR_DIFFERS");
  if (slot.feeMinor !== booking.feeMinor || slot.feeCurrency !== booking.feeCurrency) {
    throw new ApiError("FEE_DIFFERS");
  }
}
