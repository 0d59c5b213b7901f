import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import { count } from "@medconnect/platform/stats/daily-totals-store.ts";
import { type Scheduling, SERVICE_ACTOR } from "../app.ts";
import { releaseSlot } from "../slots/slot-store.ts";
import { type BookingRow, bookingEntry } from "./booking.ts";
import { changeCounts } from "./booking-figures.ts";
import { statusAt } from "./booking-rules.ts";
import { findExpiredHolds, lockBooking, saveBooking } from "./booking-store.ts";
import { cooldownEndOf } from "./claim-rules.ts";
import { deleteEndedCooldowns, insertCooldown } from "./cooldown-store.ts";
import { eraseReasonAtStart } from "./reason-store.ts";

/** Ends the unpaid hold of a booking if the time of the hold is over; otherwise changes nothing. */
export async function expireBooking(tx: Transaction, id: string, now: Date): Promise<AuditEntry[]> {
  const row = await lockBooking(tx, id);
  if (row?.status !== "PENDING_PAYMENT" || statusAt(row, now) !== "EXPIRED") return [];
  return [endHold(tx, row, now)];
}

/** Ends a locked unpaid hold. Opens the hold's slot, unless another booking has taken the slot since. */
export function endHold(tx: Transaction, row: BookingRow, now: Date): AuditEntry {
  const expired: BookingRow = { ...row, status: "EXPIRED", version: row.version + 1, feeDecision: "RELEASE" };
  releaseSlot(tx, row.slotId, row.id);
  saveBooking(tx, expired, now);
  count(tx, changeCounts(row.status, expired, now));
  if (row.holdExpireTime) coolDown(tx, row, row.holdExpireTime);
  if (row.reason) eraseReasonAtStart(tx, row);
  return { ...bookingEntry("expired", expired), action: "booking.expire", actorId: SERVICE_ACTOR };
}

/** Starts the cooldown after an unpaid hold: for a while, the patient cannot hold the same slot again. */
export function coolDown(tx: Transaction, row: BookingRow, endTime: Date): void {
  const { patientId, slotId, createTime, holdExpireTime } = row;
  if (!holdExpireTime) return;
  insertCooldown(tx, patientId, slotId, cooldownEndOf({ createTime, holdExpireTime }, endTime));
}

/**
 * Sweep that stores the end of unpaid holds whose time is over. Reads and new bookings treat such holds as
 * ended even before the sweep.
 */
export const sweepHolds =
  (app: Scheduling) =>
  async (signal?: AbortSignal): Promise<void> => {
    const now = app.businessClock.now();
    const find = (limit: number) => findExpiredHolds(app.db, now, limit);
    const work = (id: string) => app.transactions.run(SERVICE_ACTOR, (tx) => expireBooking(tx, id, now));
    await sweep({ find, work, failure: "hold cannot be ended", signal }, app.log);
    await deleteEndedCooldowns(app.db, now, signal);
  };
