import { readTrails, type Trail } from "@medconnect/platform/changes/changes.ts";
import type { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  Booking,
  Booking_Party,
  CancelBookingRequest,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { guardPerson } from "../people/people-store.ts";
import { releaseSlot } from "../slots/slot-store.ts";
import { bookingTrail, cancelReasonOf, cancelReasonPlace, factsOf } from "./booking.ts";
import { readsOf, viewOf } from "./booking-access.ts";

import { assertSameReason, canBecome, decideCancel, type Settlement, statusAt } from "./booking-rules.ts";
import { type BookingRow, lockBooking, saveBooking } from "./booking-store.ts";

import { coolDown, expireBooking } from "./expire-bookings.ts";
import { findOwnBooking } from "./find-own-booking.ts";
import { eraseReason } from "./reason-store.ts";

/** BookingService.CancelBooking. Throws NOT_FOUND, ILLEGAL_TRANSITION, BOOKING_STARTED. */
export const cancelBooking =
  (app: Scheduling) =>
  async ({ bookingId, reason }: CancelBookingRequest, call: Call): Promise<Booking> => {
    const user = userOf(call);
    await findOwnBooking(app, user, bookingId);
    const cancelOnce = async (tx: Transaction) => {
      const now = app.clock.now();
      // The end of a hold starts a cooldown, which a concurrent booking of the patient must see.
      if (user.role === "PATIENT") guardPerson(tx, user.userId);
      const row = (await lockBooking(tx, bookingId))!;
      const settlement = decideCancel(factsOf(row), user.role, now, app.cancelCutoffMs);
      if (!settlement) {
        assertSameReason(cancelReasonOf(row, app.box) ?? "", reason);
        return { response: viewOf(user, row, now, app.box), trails: [] };
      }
      const cancelled = cancel(tx, row, user.role, settlement, reason, now, app.box);
      return {
        response: viewOf(user, cancelled, now, app.box),
        trails: [bookingTrail("cancelled", cancelled)],
      };
    };
    return await app.changes.apply(call, cancelOnce, (booking) =>
      readTrails("booking.get", readsOf(user, [booking])),
    );
  };

/**
 * Cancels a booking that cannot take place, such as one of a disabled account, with a full refund.
 *
 * @param reason for patient and doctor to read
 */
export async function cancelByPlatform(
  tx: Transaction,
  id: string,
  reason: string,
  now: Date,
  box: SealedBox,
): Promise<Trail[]> {
  const row = (await lockBooking(tx, id))!;
  const current = statusAt(factsOf(row), now);
  // Readers already see an ended hold as EXPIRED, so it does not become CANCELLED.
  if (current === "EXPIRED") return await expireBooking(tx, id, now);
  if (!canBecome(current, "CANCELLED")) return [];
  return [
    {
      ...bookingTrail("cancelled", cancel(tx, row, "ADMIN", "RETURN", reason, now, box)),
      action: "booking.cancel",
    },
  ];
}

function cancel(
  tx: Transaction,
  row: BookingRow,
  by: Booking_Party,
  settlement: Settlement,
  reason: string,
  now: Date,
  box: SealedBox,
): BookingRow {
  const isUnpaidHold = row.status === "PENDING_PAYMENT";
  const cancelled: BookingRow = {
    ...row,
    status: "CANCELLED",
    reason: isUnpaidHold ? null : row.reason,
    version: row.version + 1,
    cancel_time: now,
    cancelled_by: by,
    cancel_reason: reason === "" ? null : box.seal(cancelReasonPlace(row), reason),
    settlement,
  };
  releaseSlot(tx, row.slot_id, row.id);
  saveBooking(tx, cancelled, now);
  if (isUnpaidHold) eraseReason(tx, row.id);
  if (isUnpaidHold && by === "PATIENT") coolDown(tx, row, now);
  return cancelled;
}
