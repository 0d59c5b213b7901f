import type { Slot } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { type FeeColumns, feeOf } from "../money/fee.ts";
import { type BookableFacts, statusAt } from "./slot-rules.ts";

export interface SlotRow extends FeeColumns, BookableFacts {
  id: string;
  doctorId: string;
  endTime: Date;
  bookingId: string | null;
  /** True if the doctor limits bookings a day or a week. */
  isLimited: boolean;
}

export const toSlot = (row: SlotRow, now: Date): Slot => ({
  id: row.id,
  doctorId: row.doctorId,
  startTime: row.startTime,
  endTime: row.endTime,
  status: statusAt(row, now),
  fee: feeOf(row),
});
