import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { withBooleans } from "@medconnect/platform/db/booleans.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { SlotRow } from "../slots/slot.ts";
import { lockSlotsOf } from "../slots/slot-store.ts";
import type { BookingRow } from "./booking.ts";

/** Columns of a `BookingRow`, of booking `b`, doctor `d` and patient `p`. */
export const BOOKING_COLUMNS = `b.id, b.slot_id AS slotId, b.doctor_id AS doctorId, d.display_name AS doctorName,
  b.patient_id AS patientId, p.full_name AS patientName, b.consultation_id AS consultationId,
  b.payment_id AS paymentId, b.status, b.start_time AS startTime, b.end_time AS endTime,
  b.fee_currency AS feeCurrency, b.fee_minor AS feeMinor, b.reason, b.hold_expire_time AS holdExpireTime,
  b.sequence, b.version, b.create_time AS createTime, b.started, b.cancel_time AS cancelTime,
  b.cancelled_by AS cancelledBy, b.cancel_reason AS cancelReason, b.fee_decision AS feeDecision,
  b.moved_by AS movedBy, b.move_time AS moveTime, b.previous_start_time AS previousStartTime,
  b.move_pending AS movePending, b.patient_region AS patientRegion, b.close_outcome AS closeOutcome,
  b.close_time AS closeTime, b.closed_by AS closedBy, b.close_reason AS closeReason`;
/** Boolean fields of a `BookingRow`, for `withBooleans`. */
export const BOOKING_FLAGS = ["started", "movePending"] as const;
/** Joins of the tables that `BOOKING_COLUMNS` reads names from. */
export const BOOKING_NAMES =
  "LEFT JOIN doctors d ON d.id = b.doctor_id LEFT JOIN people p ON p.user_id = b.patient_id";
const SELECT = `SELECT ${BOOKING_COLUMNS} FROM bookings b ${BOOKING_NAMES}`;

export async function findBooking(db: Database, id: string): Promise<BookingRow | undefined> {
  const [row] = withBooleans(
    await db.read<BookingRow>(`${SELECT} WHERE b.id = ?`, [binaryId(id)]),
    BOOKING_FLAGS,
  );
  return row;
}

/** A locked booking and its locked slot. */
export interface LockedBooking {
  row: BookingRow;
  slot: SlotRow;
}

/**
 * Locks bookings, and their slots before them. Every transaction locks in this order, so that no two
 * transactions deadlock.
 *
 * @returns the existing bookings by id
 */
export async function lockBookings(tx: Transaction, ids: string[]): Promise<Map<string, LockedBooking>> {
  const [slots, found] = await Promise.all([
    lockSlotsOf(tx, ids),
    tx.lock<BookingRow>(`${SELECT} WHERE b.id IN (?) ORDER BY b.id FOR UPDATE OF b`, [ids.map(binaryId)]),
  ]);
  const rows = withBooleans(found, BOOKING_FLAGS);
  // A booking that was moved after the slots were locked has a new slot, which is not locked yet. The booking
  // is locked now, so it cannot be moved again.
  const moved = rows.filter((row) => !slots.has(row.slotId)).map((row) => row.id);
  if (moved.length > 0) for (const [id, slot] of await lockSlotsOf(tx, moved)) slots.set(id, slot);
  return new Map(
    rows.flatMap((row) => {
      const slot = slots.get(row.slotId);
      return slot ? [[row.id, { row, slot }]] : [];
    }),
  );
}

/** Locks one booking, and its slot before it; undefined if the booking does not exist. */
export async function lockBooking(tx: Transaction, id: string): Promise<BookingRow | undefined> {
  return (await lockBookings(tx, [id])).get(id)?.row;
}

/** Locks one booking, and its slot before it. Throws NOT_FOUND. */
export async function lockKnownBooking(tx: Transaction, id: string): Promise<BookingRow> {
  const row = await lockBooking(tx, id);
  if (!row) throw new ApiError("NOT_FOUND");
  return row;
}

/**
 * Saves the columns that change after creation, except the close columns. The caller must have incremented
 * `version`.
 */
export function saveBooking(tx: Transaction, row: BookingRow, now: Date): void {
  tx.defer(
    `UPDATE bookings SET slot_id = ?, start_time = ?, end_time = ?, sequence = ?, status = ?, version = ?,
       update_time = ?, started = ?, cancel_time = ?, cancelled_by = ?, cancel_reason = ?, fee_decision = ?,
       moved_by = ?, move_time = ?, previous_start_time = ?, move_pending = ? WHERE id = ?`,
    [
      binaryId(row.slotId),
      row.startTime,
      row.endTime,
      row.sequence,
      row.status,
      row.version,
      now,
      row.started,
      row.cancelTime,
      row.cancelledBy,
      row.cancelReason,
      row.feeDecision,
      row.movedBy,
      row.moveTime,
      row.previousStartTime,
      row.movePending,
      binaryId(row.id),
    ],
  );
}

/** Confirms locked bookings, and increments their versions. */
export function confirmBookings(tx: Transaction, ids: string[], now: Date): void {
  if (ids.length === 0) return;
  tx.defer(
    `UPDATE bookings SET status = 'CONFIRMED', fee_decision = NULL, version = version + 1, update_time = ?
     WHERE id IN (?)`,
    [now, ids.map(binaryId)],
  );
}

/** Saves the close columns. `saveBooking` does not, because admins close few bookings. */
export function saveClose(tx: Transaction, row: BookingRow): void {
  tx.defer(
    "UPDATE bookings SET close_outcome = ?, close_time = ?, closed_by = ?, close_reason = ? WHERE id = ?",
    [row.closeOutcome, row.closeTime, binaryId(row.closedBy), row.closeReason, binaryId(row.id)],
  );
}

/** Unpaid bookings whose hold has ended. */
export async function findExpiredHolds(db: Database, now: Date, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    "SELECT id FROM bookings WHERE status = 'PENDING_PAYMENT' AND hold_expire_time <= ? ORDER BY hold_expire_time LIMIT ?",
    [now, limit],
  );
  return rows.map((row) => row.id);
}

/** Ids of a patient's future live bookings, in slot order. Slots are locked in this order. */
export async function findFutureBookings(
  tx: Transaction,
  patientId: string,
  now: Date,
  limit: number,
): Promise<string[]> {
  const rows = await tx.read<{ id: string }>(
    `SELECT id FROM bookings WHERE patient_id = ? AND start_time > ?
       AND status IN ('PENDING_PAYMENT', 'CONFIRMED') ORDER BY slot_id LIMIT ?`,
    [binaryId(patientId), now, limit],
  );
  return rows.map((row) => row.id);
}
