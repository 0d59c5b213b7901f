import { type AuditEntry, readEntries } from "@medconnect/platform/changes/audit-entry.ts";
import { changed, unchanged } from "@medconnect/platform/changes/effect.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { count } from "@medconnect/platform/stats/daily-totals-store.ts";
import type {
  Booking,
  Booking_Party,
  CancelBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { guardPerson } from "../people/people-store.ts";
import { releaseSlot } from "../slots/slot-store.ts";
import { type BookingRow, bookingEntry, cancelReasonContext, cancelReasonOf, factsOf } from "./booking.ts";
import { readsOf, viewOf } from "./booking-access.ts";
import { changeCounts } from "./booking-figures.ts";
import { assertSameReason, canBecome, decideCancel, type FeeDecision, statusAt } from "./booking-rules.ts";
import { lockKnownBooking, saveBooking } from "./booking-store.ts";
import { coolDown, expireBooking } from "./expire-bookings.ts";
import { findOwnBooking } from "./find-own-booking.ts";
import { eraseReason } from "./reason-store.ts";

/** BookingService.CancelBooking. Throws NOT_FOUND, ILLEGAL_TRANSITION, BOOKING_STARTED. */
export async function cancelBooking(
  app: Scheduling,
  { bookingId, reason }: CancelBookingRequest,
  call: Call,
): Promise<Booking> {
  const user = userOf(call);
  await findOwnBooking(app, user, bookingId);
  const cancelOnce = async (tx: Transaction) => {
    const now = app.businessClock.now();
    // Cancelling an unpaid hold starts a cooldown. A concurrent booking by the patient waits for this lock on
    // the patient, so it sees the cooldown.
    if (user.role === "PATIENT") guardPerson(tx, user.userId);
    const row = await lockKnownBooking(tx, bookingId);
    const feeDecision = decideCancel(factsOf(row), user.role, now, app.cancelCutoffMs);
    if (!feeDecision) {
      assertSameReason(cancelReasonOf(row, app.cipher) ?? "", reason);
      return unchanged(viewOf(user, row, now, app.cipher));
    }
    const cancelled = cancel(tx, row, user.role, feeDecision, reason, now, app.cipher);
    return changed(viewOf(user, cancelled, now, app.cipher), bookingEntry("cancelled", cancelled));
  };
  return await app.calls.apply(call, cancelOnce, (booking) =>
    readEntries("booking.get", readsOf(user, [booking])),
  );
}

/**
 * Cancels a booking that cannot take place, for example because an account was disabled. The patient pays
 * nothing.
 *
 * @param reason shown to patient and doctor
 */
export async function cancelByPlatform(
  tx: Transaction,
  id: string,
  reason: string,
  now: Date,
  cipher: FieldCipher,
): Promise<AuditEntry[]> {
  const row = await lockKnownBooking(tx, id);
  const current = statusAt(factsOf(row), now);
  // An unpaid hold whose time is over is already shown as EXPIRED, so its status does not become CANCELLED.
  if (current === "EXPIRED") return await expireBooking(tx, id, now);
  if (!canBecome(current, "CANCELLED")) return [];
  return [
    {
      ...bookingEntry("cancelled", cancel(tx, row, "ADMIN", "RELEASE", reason, now, cipher)),
      action: "booking.cancel",
    },
  ];
}

function cancel(
  tx: Transaction,
  row: BookingRow,
  by: Booking_Party,
  feeDecision: FeeDecision,
  reason: string,
  now: Date,
  cipher: FieldCipher,
): BookingRow {
  const isUnpaidHold = row.status === "PENDING_PAYMENT";
  const cancelled: BookingRow = {
    ...row,
    status: "CANCELLED",
    reason: isUnpaidHold ? null : row.reason,
    version: row.version + 1,
    cancelTime: now,
    cancelledBy: by,
    cancelReason: reason === "" ? null : cipher.encrypt(cancelReasonContext(row), reason),
    feeDecision,
  };
  releaseSlot(tx, row.slotId, row.id);
  saveBooking(tx, cancelled, now);
  count(tx, changeCounts(row.status, cancelled, now));
  if (isUnpaidHold) eraseReason(tx, row.id);
  if (isUnpaidHold && by === "PATIENT") coolDown(tx, row, now);
  return cancelled;
}
