import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";
import type { Slot } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { type FeeColumns, feeColumns, feeOf } from "../money/fee.ts";
import { type Interval, MAX_LENGTH_MS } from "./slot-rules.ts";

/**
 * Serializes slot creation per doctor, so that the checks for overlaps and the limit hold until the commit.
 *
 * @returns the doctor's fee; undefined for a doctor without a profile, or with a hidden profile
 */
export async function guardSlotsOf(
  tx: Transaction,
  doctorId: string,
): Promise<{ fee: Money | undefined } | undefined> {
  tx.defer("UPDATE doctors SET slots_version = slots_version + 1 WHERE id = ?", [binaryId(doctorId)]);
  const [row] = await tx.read<FeeColumns>(
    "SELECT fee_currency AS feeCurrency, fee_minor AS feeMinor FROM doctors WHERE id = ? AND NOT hidden",
    [binaryId(doctorId)],
  );
  return row && { fee: feeOf(row) };
}

/**
 * Finds the doctor's slots that overlap an interval, except withdrawn ones. Call `guardSlotsOf`
 * first, so that the result holds until the commit.
 */
export async function findOverlapping(
  tx: Transaction,
  doctorId: string,
  { startTime, endTime }: Interval,
): Promise<Interval[]> {
  return await tx.read<Interval>(
    `SELECT start_time AS startTime, end_time AS endTime FROM slots FORCE INDEX (slots_by_class)
     WHERE doctor_id = ? AND start_time > ? AND start_time < ? AND end_time > ?
       AND list_class IN ('FREE', 'BOOKED', 'BLOCKED')`,
    // No slot is longer than `MAX_LENGTH_MS`. A slot that starts more than this before the interval has ended
    // when the interval begins, so it is not read.
    [binaryId(doctorId), new Date(startTime.getTime() - MAX_LENGTH_MS), endTime, startTime],
  );
}

/**
 * Counts the doctor's future slots, except withdrawn ones. Call `guardSlotsOf` first, so that the
 * count holds until the commit.
 */
export async function countFutureSlots(tx: Transaction, doctorId: string, now: Date): Promise<number> {
  const [row] = await tx.read<{ count: number }>(
    `SELECT COUNT(*) AS count FROM slots FORCE INDEX (slots_by_class)
     WHERE doctor_id = ? AND list_class IN ('FREE', 'BOOKED', 'BLOCKED') AND start_time > ?`,
    [binaryId(doctorId), now],
  );
  // biome-ignore lint/style/noNonNullAssertion: COUNT without GROUP BY always has one row
  return Number(row!.count);
}

/** @param fromSchedule true for slots of a schedule, which may remove them */
export function insertSlots(tx: Transaction, slots: (Slot & Interval)[], fromSchedule = false): void {
  if (slots.length === 0) return;
  tx.defer(
    "INSERT INTO slots (id, doctor_id, start_time, end_time, status, fee_currency, fee_minor, from_schedule) VALUES ?",
    [
      slots.map((slot) => {
        const fee = feeColumns(slot.fee);
        return [
          binaryId(slot.id),
          binaryId(slot.doctorId),
          slot.startTime,
          slot.endTime,
          slot.status,
          fee.feeCurrency,
          fee.feeMinor,
          fromSchedule,
        ];
      }),
    ],
  );
}
