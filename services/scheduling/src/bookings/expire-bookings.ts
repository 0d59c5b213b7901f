import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import { SELF } from "../actor.ts";
import type { Scheduling } from "../app.ts";
import { releaseSlot } from "../slots/slot-store.ts";
import { bookingEvent } from "./booking.ts";
import { cooldownEndOf } from "./booking-limits.ts";
import { DELETE_ENDED_COOLDOWNS, insertCooldown } from "./booking-limits-store.ts";
import { statusAt } from "./booking-rules.ts";
import { type BookingRow, findExpiredHolds, lockBooking, saveBooking } from "./booking-store.ts";
import { eraseReasonAtStart } from "./reason-store.ts";

/** Ends a booking whose hold has ended, and opens its slot if it still has it; leaves any other alone. */
export async function expireBooking(tx: Transaction, id: string, now: Date): Promise<AuditEntry[]> {
  const row = await lockBooking(tx, id);
  if (row?.status !== "PENDING_PAYMENT") return [];
  if (statusAt({ status: row.status, holdExpireTime: row.holdExpireTime }, now) !== "EXPIRED") return [];
  return [endHold(tx, row, now)];
}

/** Ends a locked unpaid hold, and opens its slot. */
export function endHold(tx: Transaction, row: BookingRow, now: Date): AuditEntry {
  const expired: BookingRow = { ...row, status: "EXPIRED", version: row.version + 1, feeDecision: "RELEASE" };
  releaseSlot(tx, row.slotId, row.id);
  saveBooking(tx, expired, now);
  coolDown(tx, row, row.holdExpireTime!);
  if (row.reason) eraseReasonAtStart(tx, row);
  return {
    resource: `bookings/${row.id}`,
    subjectIds: [row.patientId, row.doctorId],
    action: "booking.expire",
    actorId: SELF,
    events: [bookingEvent("expired", expired)],
  };
}

/** Starts the cooldown after an unpaid hold, so that its patient cannot hold the slot again at once. */
export function coolDown(tx: Transaction, row: BookingRow, endTime: Date): void {
  const hold = { createTime: row.createTime, holdExpireTime: row.holdExpireTime! };
  insertCooldown(tx, row.patientId, row.slotId, cooldownEndOf(hold, endTime));
}

/** Ends the bookings whose holds have ended. Readers and claimants do not wait for it. */
export const sweepHolds =
  (app: Scheduling) =>
  async (signal?: AbortSignal): Promise<void> => {
    const now = app.clock.now();
    const find = (limit: number) => findExpiredHolds(app.db, now, limit);
    const work = (id: string) => app.transactions.run(SELF, (tx) => expireBooking(tx, id, now));
    await sweep({ find, work, failure: "hold cannot be ended", signal }, app.log);
    await app.db.deleteAll(DELETE_ENDED_COOLDOWNS, [now], signal);
  };
