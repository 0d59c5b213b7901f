import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { withBooleans } from "@medconnect/platform/db/booleans.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Position } from "@medconnect/platform/db/filters.ts";
import { following, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { BookingRow } from "../bookings/booking.ts";
import { BOOKING_FLAGS } from "../bookings/booking-store.ts";

/** Columns of a booking that are compared with its payment and consultation. */
export type ComparedRow = Pick<
  BookingRow,
  | "id"
  | "version"
  | "status"
  | "startTime"
  | "endTime"
  | "started"
  | "feeCurrency"
  | "feeMinor"
  | "feeDecision"
  | "consultationId"
  | "paymentId"
  | "movePending"
  | "closeOutcome"
> & { updateTime: Date };

/** Times of a booking that have an index, with the column of each. */
const COLUMNS = { updateTime: "update_time", startTime: "start_time" } as const;
export type WalkTime = keyof typeof COLUMNS;

/**
 * Finds a page of the bookings whose `time` is in [from, to), sorted by this time. `after` is the position of
 * the last booking on the previous page.
 */
export async function findBookingsBetween(
  db: Database,
  time: WalkTime,
  { from, to }: { from: Date; to: Date },
  after: Position | undefined,
  limit: number,
): Promise<ComparedRow[]> {
  const column = COLUMNS[time];
  const { sql, params } = where(
    [`${column} >= ?`, from],
    [`${column} < ?`, to],
    following(column, "id", after),
  );
  const rows = await db.read<ComparedRow>(
    `SELECT id, version, status, start_time AS startTime, end_time AS endTime, started, fee_currency AS feeCurrency,
       fee_minor AS feeMinor, fee_decision AS feeDecision, consultation_id AS consultationId, payment_id AS paymentId,
       move_pending AS movePending, close_outcome AS closeOutcome, update_time AS updateTime
     FROM bookings ${sql} ORDER BY ${column}, id LIMIT ?`,
    [...params, limit],
  );
  return withBooleans(rows, BOOKING_FLAGS);
}

/** Reads the current versions of bookings. */
export async function findVersions(tx: Transaction, ids: string[]): Promise<Map<string, number>> {
  const rows = await tx.read<Pick<BookingRow, "id" | "version">>(
    "SELECT id, version FROM bookings WHERE id IN (?)",
    [ids.map(binaryId)],
  );
  return new Map(rows.map(({ id, version }) => [id, version]));
}
