import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Position } from "@medconnect/platform/db/filters.ts";
import { following, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { BookingRow } from "../bookings/booking-store.ts";

/** As much of a booking as its payment and consultation can be compared with. */
export type ComparedRow = Pick<
  BookingRow,
  | "id"
  | "version"
  | "status"
  | "start_time"
  | "end_time"
  | "started"
  | "fee_currency"
  | "fee_minor"
  | "feeDecision"
  | "consultation_id"
  | "payment_id"
  | "move_pending"
  | "close_outcome"
> & { update_time: Date };

/** Time column for looking up bookings; each has an index. */
export type WalkColumn = "update_time" | "start_time";

/** Bookings whose time is in [from, to), in its order, after a position. */
export async function findBookingsBetween(
  db: Database,
  column: WalkColumn,
  { from, to }: { from: Date; to: Date },
  after: Position | undefined,
  limit: number,
): Promise<ComparedRow[]> {
  const { sql, params } = where(
    [`${column} >= ?`, from],
    [`${column} < ?`, to],
    following(column, "id", after),
  );
  return await db.read(
    `SELECT id, version, status, start_time, end_time, started, fee_currency, fee_minor, fee_decision AS feeDecision, consultation_id,
       payment_id, move_pending, close_outcome, update_time
     FROM bookings ${sql} ORDER BY ${column}, id LIMIT ?`,
    [...params, limit],
  );
}

/** The versions that bookings have now. */
export async function findVersions(tx: Transaction, ids: string[]): Promise<Map<string, number>> {
  const rows = await tx.read<Pick<BookingRow, "id" | "version">>(
    "SELECT id, version FROM bookings WHERE id IN (?)",
    [ids.map(binaryId)],
  );
  return new Map(rows.map(({ id, version }) => [id, version]));
}
