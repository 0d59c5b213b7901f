import { readEntries } from "@medconnect/platform/changes/audit-entry.ts";
import { changed, unchanged } from "@medconnect/platform/changes/effect.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { count } from "@medconnect/platform/stats/daily-totals-store.ts";
import type {
  Booking,
  CloseBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { type BookingRow, bookingEntry, closeReasonContext } from "./booking.ts";
import { readsOf, viewOf } from "./booking-access.ts";
import { changeCounts } from "./booking-figures.ts";
import {
  CLOSED,
  type CloseOutcome,
  type Closing,
  type ClosingFacts,
  closesNow,
  type FeeDecision,
} from "./booking-rules.ts";
import { lockKnownBooking, saveBooking, saveClose } from "./booking-store.ts";
import { findOwnBooking } from "./find-own-booking.ts";

/**
 * BookingService.CloseBooking. Throws NOT_FOUND, ILLEGAL_TRANSITION, TOO_EARLY, MOVE_NOT_ACCEPTED,
 * BOOKING_CLOSED.
 */
export async function closeBooking(
  app: Scheduling,
  request: CloseBookingRequest,
  call: Call,
): Promise<Booking> {
  const { bookingId, reason } = request;
  const user = userOf(call);
  // The validation rules of the request refuse the unspecified values.
  const outcome = request.outcome as CloseOutcome;
  const feeDecision = request.feeDecision as FeeDecision;
  await findOwnBooking(app, user, bookingId);
  const close = async (tx: Transaction) => {
    const now = app.businessClock.now();
    const row = await lockKnownBooking(tx, bookingId);
    const closing = { outcome, feeDecision, reason, adminId: user.userId };
    if (!closesNow(closingFactsOf(row, app.cipher), closing, now))
      return unchanged(viewOf(user, row, now, app.cipher));
    const closed: BookingRow = {
      ...row,
      status: CLOSED[outcome],
      version: row.version + 1,
      feeDecision,
      closeOutcome: outcome,
      closeTime: now,
      closedBy: user.userId,
      closeReason: app.cipher.encrypt(closeReasonContext(row), reason),
    };
    saveBooking(tx, closed, now);
    count(tx, changeCounts(row.status, closed, now));
    saveClose(tx, closed);
    return changed(viewOf(user, closed, now, app.cipher), bookingEntry("closed", closed));
  };
  return await app.calls.apply(call, close, (booking) =>
    readEntries("booking.get", readsOf(user, [booking])),
  );
}

const closingFactsOf = (row: BookingRow, cipher: FieldCipher): ClosingFacts => ({
  status: row.status,
  holdExpireTime: row.holdExpireTime,
  movePending: row.movePending,
  endTime: row.endTime,
  closing: row.closeOutcome === null ? undefined : closingOf(row, row.closeOutcome, cipher),
});

const closingOf = (row: BookingRow, outcome: CloseOutcome, cipher: FieldCipher): Closing => ({
  outcome,
  // biome-ignore lint/style/noNonNullAssertion: `closeBooking` sets this value together with the outcome
  feeDecision: row.feeDecision!,
  reason: cipher.decrypt(closeReasonContext(row), row.closeReason).toString(),
  // biome-ignore lint/style/noNonNullAssertion: `closeBooking` sets this value together with the outcome
  adminId: row.closedBy!,
});
