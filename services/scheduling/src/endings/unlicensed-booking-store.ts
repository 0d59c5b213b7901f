import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Scheduling } from "../app.ts";
import { covers } from "../jurisdiction/covers-sql.ts";
import type { Jurisdiction } from "../jurisdiction/jurisdiction.ts";

/**
 * SQL condition: booking `b` is unpaid or confirmed, starts in the future, and its doctor `d` is disabled or
 * lacks the required licence. The parameter is the time. After an early start of the consultation, a doctor
 * who lost the licence may still complete the consultation, but a disabled doctor may not.
 */
const unlicensed = (lacksLicense: string): string =>
  `b.start_time > ? AND b.status IN ('PENDING_PAYMENT', 'CONFIRMED')
  AND (d.hidden OR NOT b.started AND (${lacksLicense}))`;
const LACKS_ANY = "d.licensed_until IS NULL OR d.licensed_until < DATE(b.start_time)";
const LACKS_REGION = `b.patient_region <> '' AND NOT EXISTS (SELECT 1 FROM licenses l WHERE l.doctor_id = d.id
  AND l.status = 'VERIFIED' AND l.expire_date >= DATE(b.start_time)
  AND ${covers("b.patient_region")})`;

const IS_UNLICENSED: Readonly<Record<Jurisdiction, string>> = {
  off: unlicensed(LACKS_ANY),
  enforced: unlicensed(`${LACKS_ANY} OR (${LACKS_REGION})`),
};

/**
 * Finds bookings to cancel because their doctor is disabled or lacks the licence, the earliest appointment
 * first. Only doctors whom `markChange` has marked are read.
 */
export async function findUnlicensedBookings(
  { db, jurisdiction }: Pick<Scheduling, "db" | "jurisdiction">,
  now: Date,
  limit: number,
): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    `SELECT b.id FROM doctors d JOIN bookings b ON b.doctor_id = d.id
     WHERE d.licensing_change_time IS NOT NULL AND ${IS_UNLICENSED[jurisdiction]} ORDER BY b.start_time LIMIT ?`,
    [now, limit],
  );
  return rows.map(({ id }) => id);
}

/**
 * Finds a doctor's bookings to cancel because the doctor is disabled or lacks the licence. The result is
 * sorted by slot id, because slots are locked in this order.
 */
export async function findUnlicensedBookingsOf(
  tx: Transaction,
  jurisdiction: Jurisdiction,
  doctorId: string,
  now: Date,
  limit: number,
): Promise<string[]> {
  const rows = await tx.read<{ id: string }>(
    `SELECT b.id FROM doctors d JOIN bookings b ON b.doctor_id = d.id
     WHERE d.id = ? AND ${IS_UNLICENSED[jurisdiction]} ORDER BY b.slot_id LIMIT ?`,
    [binaryId(doctorId), now, limit],
  );
  return rows.map(({ id }) => id);
}

/**
 * Locks the doctor of a booking, so that the doctor's licences cannot change. Call this function before the
 * booking and its slot are locked.
 */
export function lockDoctorOf(tx: Transaction, bookingId: string): void {
  tx.defer(
    "SELECT id FROM doctors WHERE id = (SELECT b.doctor_id FROM bookings b WHERE b.id = ?) FOR UPDATE",
    [binaryId(bookingId)],
  );
}

/**
 * Finds the reason to cancel a booking: its doctor is disabled, or lacks the licence. Undefined if the
 * booking can take place.
 */
export async function reasonToEnd(
  tx: Transaction,
  jurisdiction: Jurisdiction,
  bookingId: string,
  now: Date,
): Promise<"DOCTOR_DISABLED" | "UNLICENSED" | undefined> {
  const [row] = await tx.read<{ hidden: number }>(
    `SELECT d.hidden FROM bookings b JOIN doctors d ON d.id = b.doctor_id WHERE b.id = ? AND ${IS_UNLICENSED[jurisdiction]}`,
    [binaryId(bookingId), now],
  );
  if (!row) return undefined;
  return row.hidden === 1 ? "DOCTOR_DISABLED" : "UNLICENSED";
}

/**
 * Marks a doctor whose licences or account changed at `now`, so that the sweep checks the doctor's bookings.
 */
export function markChange(tx: Transaction, doctorId: string, now: Date): void {
  tx.defer("UPDATE doctors SET licensing_change_time = ? WHERE id = ?", [now, binaryId(doctorId)]);
}

/**
 * Removes the mark of doctors who were marked before the time `before`, and who have no booking to cancel and
 * no slot to withdraw any more.
 */
export async function unmarkChanges(
  { db, jurisdiction }: Pick<Scheduling, "db" | "jurisdiction">,
  before: Date,
  now: Date,
): Promise<void> {
  await db.write(
    `UPDATE doctors d SET d.licensing_change_time = NULL WHERE d.licensing_change_time < ?
       AND NOT EXISTS (SELECT 1 FROM bookings b WHERE b.doctor_id = d.id AND ${IS_UNLICENSED[jurisdiction]})
       AND NOT (d.hidden AND EXISTS (SELECT 1 FROM slots s
         WHERE s.doctor_id = d.id AND s.start_time > ? AND s.status IN ('OPEN', 'BLOCKED')))`,
    [before, now, now],
  );
}
