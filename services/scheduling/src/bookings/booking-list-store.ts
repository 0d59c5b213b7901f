import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { withBooleans } from "@medconnect/platform/db/booleans.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
import type { ListBookingsRequest } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { BookingRow } from "./booking.ts";
import { BOOKING_COLUMNS, BOOKING_FLAGS, BOOKING_NAMES } from "./booking-store.ts";

/**
 * SQL expression for the status of booking `b` at a time; the same rule as the function `statusAt`. Its
 * parameter is the time.
 */
const STATUS_AT = "IF(b.status = 'PENDING_PAYMENT' AND b.hold_expire_time <= ?, 'EXPIRED', b.status)";

/** Patient or doctor whose bookings a reader may see. If both are absent, the reader may see all bookings. */
export interface BookingScope {
  patientId?: string;
  doctorId?: string;
}

/**
 * Lists matching bookings, latest appointment first. The inner statement forces the index that finds the
 * page, because MySQL would otherwise join and sort all bookings. A filter that the index does not cover
 * scans the bookings.
 */
export async function listBookings(
  db: Database,
  scope: BookingScope,
  request: ListBookingsRequest,
  page: Page,
  now: Date,
): Promise<BookingRow[]> {
  const status = request.status === "STATUS_UNSPECIFIED" ? undefined : request.status;
  const { sql, params } = where(
    ["b.patient_id = ?", binaryId(scope.patientId)],
    ["b.doctor_id = ?", binaryId(scope.doctorId)],
    ["b.patient_id = ?", binaryId(request.patientId || undefined)],
    ["b.doctor_id = ?", binaryId(request.doctorId || undefined)],
    [`${STATUS_AT} = ?`, now, status],
    ["b.start_time >= ?", request.startTime],
    ["b.start_time < ?", request.endTime],
    before("b.start_time", "b.id", page.after),
  );
  const patientId = scope.patientId || request.patientId;
  const doctorId = scope.doctorId || request.doctorId;
  const key = patientId ? "bookings_by_patient" : doctorId ? "bookings_by_doctor" : "bookings_by_start";
  const isKeyed = status === undefined && !(patientId && doctorId);
  const rows = await db[isKeyed ? "read" : "scan"]<BookingRow>(
    `SELECT ${BOOKING_COLUMNS} FROM (SELECT b.id FROM bookings b FORCE INDEX (${key}) ${sql}
       ORDER BY b.start_time DESC, b.id DESC LIMIT ?) page
     JOIN bookings b ON b.id = page.id ${BOOKING_NAMES} ORDER BY b.start_time DESC, b.id DESC`,
    [...params, limitOf(page)],
  );
  return withBooleans(rows, BOOKING_FLAGS);
}
