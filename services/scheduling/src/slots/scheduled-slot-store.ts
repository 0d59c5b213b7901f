import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { withBooleans } from "@medconnect/platform/db/booleans.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { type Interval, MAX_LENGTH_MS, type PresentSlot } from "./slot-rules.ts";

const COLUMNS = `id, start_time AS startTime, end_time AS endTime, status, booking_id AS bookingId,
  from_schedule AS fromSchedule, on_release AS onRelease`;

/** The doctor's slots that overlap an interval, also withdrawn ones of the schedule. */
export async function findPresentSlots(
  db: Database | Transaction,
  doctorId: string,
  { startTime, endTime }: Interval,
): Promise<PresentSlot[]> {
  const rows = await db.read<PresentSlot>(
    `SELECT ${COLUMNS} FROM slots FORCE INDEX (slots_by_doctor)
     WHERE doctor_id = ? AND start_time > ? AND start_time < ? AND end_time > ?
       AND (status <> 'WITHDRAWN' OR from_schedule)`,
    [binaryId(doctorId), new Date(startTime.getTime() - MAX_LENGTH_MS), endTime, startTime],
  );
  return withBooleans(rows, ["fromSchedule"]);
}

/** Locks slots in id order, as every transaction does. @returns the slots, as they are now */
export async function lockPresentSlots(
  tx: Transaction,
  slots: readonly PresentSlot[],
): Promise<PresentSlot[]> {
  if (slots.length === 0) return [];
  const rows = await tx.lock<PresentSlot>(
    `SELECT ${COLUMNS} FROM slots WHERE id IN (?) ORDER BY id FOR UPDATE`,
    [idsOf(slots)],
  );
  return withBooleans(rows, ["fromSchedule"]);
}

const idsOf = (slots: readonly PresentSlot[]) => slots.map(({ id }) => binaryId(id));

/** Removes locked slots of the schedule: deletes those that no booking has had, and withdraws the others. */
export function removeSlots(tx: Transaction, slots: readonly PresentSlot[]): void {
  if (slots.length === 0) return;
  tx.defer("DELETE FROM slots WHERE id IN (?) AND NOT was_taken", [idsOf(slots)]);
  tx.defer("UPDATE slots SET status = 'WITHDRAWN', from_schedule = FALSE WHERE id IN (?)", [idsOf(slots)]);
}

/** Sets the status that taken slots get when their bookings end. */
export function setOnRelease(
  tx: Transaction,
  slots: readonly PresentSlot[],
  onRelease: PresentSlot["onRelease"],
): void {
  if (slots.length > 0)
    tx.defer("UPDATE slots SET on_release = ? WHERE id IN (?)", [onRelease, idsOf(slots)]);
}
