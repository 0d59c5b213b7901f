import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

/** Marks a disabled patient, so that the sweep cancels the patient's future bookings. */
export function markEndingBookings(tx: Transaction, patientId: string): void {
  tx.defer("UPDATE people SET bookings_ending = TRUE WHERE user_id = ?", [binaryId(patientId)]);
}

const IS_FUTURE =
  "b.patient_id = p.user_id AND b.start_time > ? AND b.status IN ('PENDING_PAYMENT', 'CONFIRMED')";

/**
 * Finds future bookings of the patients whom `markEndingBookings` has marked, the earliest appointment first.
 */
export async function findEndingBookings(db: Database, now: Date, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    `SELECT b.id FROM people p JOIN bookings b ON ${IS_FUTURE} WHERE p.bookings_ending ORDER BY b.start_time LIMIT ?`,
    [now, limit],
  );
  return rows.map(({ id }) => id);
}

/** True if a booking's patient is disabled. Locks the account, so that the result holds until the commit. */
export async function hasDisabledPatient(tx: Transaction, bookingId: string): Promise<boolean> {
  const rows = await tx.read(
    `SELECT 1 FROM people p WHERE p.user_id = (SELECT b.patient_id FROM bookings b WHERE b.id = ?) AND p.disabled
     FOR UPDATE`,
    [binaryId(bookingId)],
  );
  return rows.length > 0;
}

/** Unmarks the patients who have no future bookings left. */
export async function unmarkEndedPatients(db: Database, now: Date): Promise<void> {
  await db.write(
    `UPDATE people p SET p.bookings_ending = FALSE
     WHERE p.bookings_ending AND NOT EXISTS (SELECT 1 FROM bookings b WHERE ${IS_FUTURE})`,
    [now],
  );
}
