import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { assertOwnRow } from "@medconnect/platform/inbox/own-row.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import { type Scheduling, SERVICE_ACTOR } from "../app.ts";
import type { BookingRow } from "./booking.ts";
import { lockBooking, lockBookings } from "./booking-store.ts";
import { endHold } from "./expire-bookings.ts";
import { eraseReason, findDueErasures, forgetErasure } from "./reason-store.ts";

/**
 * Handles payment.cancelled: the booking can no longer be paid, so its reason text is erased. If the sweep
 * has not ended the hold yet, this handler ends the hold. Otherwise the sweep would keep the text until the
 * start of the appointment.
 */
export const applyPaymentCancelled: EventHandler<BookingRow, BookingRow> = {
  lock: async (tx, events) => {
    const ids = events.map((event) => stateOf(event, "payment").bookingId);
    const bookings = await lockBookings(tx, ids);
    return ids.map((id) => bookings.get(id)?.row);
  },
  rowsOf: ({ id }) => [id],
  decide: (row, { aggregateId }) => {
    if (row) assertOwnRow<BookingRow>(row, { paymentId: aggregateId });
    return row;
  },
  write: (tx, rows, now) =>
    rows.map((row) => {
      if (row.status !== "PENDING_PAYMENT") return erase(tx, row);
      const ended = endHold(tx, row, now);
      return [ended, ...erase(tx, { ...row, status: "EXPIRED" })];
    }),
};

/**
 * Job that erases the reason texts of expired bookings when the appointment starts. From then on, no late
 * payment can confirm such a booking.
 */
export const sweepReasons =
  (app: Scheduling) =>
  async (signal?: AbortSignal): Promise<void> => {
    const find = (limit: number) => findDueErasures(app.db, app.businessClock.now(), limit);
    const work = (id: string) => app.transactions.run(SERVICE_ACTOR, (tx) => eraseIfExpired(tx, id));
    await sweep({ find, work, failure: "reason cannot be erased", signal }, app.log);
  };

async function eraseIfExpired(tx: Transaction, id: string): Promise<AuditEntry[]> {
  const row = await lockBooking(tx, id);
  if (row) return erase(tx, row);
  forgetErasure(tx, id);
  return [];
}

function erase(tx: Transaction, row: BookingRow): AuditEntry[] {
  const { id, status, reason } = row;
  if (status !== "EXPIRED" || !reason) {
    // Nothing is erased if a late payment has confirmed the booking, or if the text was erased earlier. Then
    // the scheduled erasure is deleted. An unpaid hold keeps its scheduled erasure, in case the hold expires.
    if (status !== "PENDING_PAYMENT") forgetErasure(tx, id);
    return [];
  }
  eraseReason(tx, id);
  return [{ action: "booking.erase_reason", resource: `bookings/${id}`, subjectIds: [row.patientId] }];
}
