import type { Trail } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import { sweep } from "@medconnect/platform/sweep.ts";
import type { Scheduling } from "../app.ts";
import { lockBooking } from "./booking-store.ts";
import { endHold, SWEEPER } from "./expire-bookings.ts";
import { eraseReason, findDueErasures, forgetErasure } from "./reason-store.ts";

/**
 * payment.cancelled: the booking can no longer be paid, so its reason is erased. Billing may see the hold's end before the
 * sweep; the hold then ends here, because nothing would erase its reason before the start.
 */
export const applyPaymentCancelled =
  (app: Pick<Scheduling, "clock">): EventHandler =>
  async (tx, events) => {
    const trails: Trail[] = [];
    for (const { payment } of events) {
      const row = await lockBooking(tx, payment!.bookingId);
      if (row?.status === "PENDING_PAYMENT") trails.push(endHold(tx, row, app.clock.now()));
      trails.push(...(await eraseIfExpired(tx, payment!.bookingId)));
    }
    return trails;
  };

/** Erases the reasons of expired bookings after their start, when a late payment can no longer confirm them. */
export const sweepReasons =
  (app: Scheduling) =>
  async (signal?: AbortSignal): Promise<void> => {
    const find = (limit: number) => findDueErasures(app.db, app.clock.now(), limit);
    const work = (id: string) => app.changes.applyInternally(SWEEPER, (tx) => eraseIfExpired(tx, id));
    await sweep({ find, work, failure: "reason cannot be erased", signal }, app.log);
  };

async function eraseIfExpired(tx: Transaction, id: string): Promise<Trail[]> {
  const row = await lockBooking(tx, id);
  if (row?.status !== "EXPIRED" || !row.reason) {
    // Confirmed by a late payment, or erased meanwhile. A hold that is not swept yet comes here again.
    if (row?.status !== "PENDING_PAYMENT") forgetErasure(tx, id);
    return [];
  }
  eraseReason(tx, id);
  return [{ action: "booking.erase_reason", resource: `bookings/${id}`, subjectIds: [row.patient_id] }];
}
