import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";
import type { Slot } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { type FeeColumns, feeColumns, feeOf } from "../money/fee.ts";
import { type Interval, MAX_LENGTH_MS } from "./slot-rules.ts";

/**
 * Serializes slot creation per doctor, so that the checks for overlaps and the limit hold until the commit.
 *
 * @returns the doctor's fee and the time zone of their schedule; undefined for a doctor without a profile, or with a hidden profile
 */
export async function guardSlotsOf(
  tx: Transaction,
  doctorId: string,
): Promise<{ fee: Money | undefined; timeZone: string } | undefined> {
  tx.defer("UPDATE doctors SET slots_version = slots_version + 1 WHERE id = ?", [binaryId(doctorId)]);
  const [row] = await tx.read<FeeColumns & { timeZone: string }>(
    `SELECT d.fee_currency AS feeCurrency, d.fee_minor AS feeMinor,
       COALESCE(s.schedule ->> '$.timeZone', d.time_zone) AS timeZone
     FROM doctors d LEFT JOIN schedules s ON s.doctor_id = d.id WHERE d.id = ? AND NOT d.hidden`,
    [binaryId(doctorId)],
  );
  return row && { fee: feeOf(row), timeZone: row.timeZone };
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

/** A slot to insert. */
export interface NewSlot {
  slot: Slot & Interval;
  /** Day of the start in the time zone of the schedule, such as `2027-02-01`. */
  day: string;
}

/** @param fromSchedule true for slots of a schedule, which may remove them */
export function insertSlots(tx: Transaction, slots: readonly NewSlot[], fromSchedule = false): void {
  if (slots.length === 0) return;
  tx.defer(
    "INSERT INTO slots (id, doctor_id, start_time, end_time, status, fee_currency, fee_minor, local_day, from_schedule) VALUES ?",
    [
      slots.map(({ slot, day }) => {
        const fee = feeColumns(slot.fee);
        return [
          binaryId(slot.id),
          binaryId(slot.doctorId),
          slot.startTime,
          slot.endTime,
          slot.status,
          fee.feeCurrency,
          fee.feeMinor,
          day,
          fromSchedule,
        ];
      }),
    ],
  );
}
