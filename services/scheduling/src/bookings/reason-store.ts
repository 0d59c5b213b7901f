import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { BookingRow } from "./booking.ts";

/**
 * Schedules the erasure of an expired booking's reason text. The erasure is due at the start of the
 * appointment, because a late payment may confirm the booking until then.
 */
export function eraseReasonAtStart(tx: Transaction, { id, startTime }: BookingRow): void {
  tx.defer(
    `INSERT INTO reason_erasures (booking_id, due_time) VALUES (?, ?) AS new
     ON DUPLICATE KEY UPDATE due_time = new.due_time`,
    [binaryId(id), startTime],
  );
}

/** Erases the reason text of a locked booking that no payment can confirm any more. */
export function eraseReason(tx: Transaction, id: string): void {
  tx.defer("UPDATE bookings SET reason = NULL WHERE id = ?", [binaryId(id)]);
  forgetErasure(tx, id);
}

/**
 * Deletes the scheduled erasure of a booking's reason text, after the erasure or if the text is to be kept.
 */
export function forgetErasure(tx: Transaction, id: string): void {
  tx.defer("DELETE FROM reason_erasures WHERE booking_id = ?", [binaryId(id)]);
}

/** Ids of bookings whose reason is due for erasure, the longest overdue first. */
export async function findDueErasures(db: Database, now: Date, limit: number): Promise<string[]> {
  const rows = await db.read<{ bookingId: string }>(
    "SELECT booking_id AS bookingId FROM reason_erasures WHERE due_time <= ? ORDER BY due_time LIMIT ?",
    [now, limit],
  );
  return rows.map((row) => row.bookingId);
}
