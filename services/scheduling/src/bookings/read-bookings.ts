import { type Call, readerOf } from "@medconnect/platform/grpc/call.ts";
import { callerId, isOverseer, type Reader } from "@medconnect/platform/identity/caller.ts";
import type {
  Booking,
  GetBookingRequest,
  ListBookingsRequest,
  ListBookingsResponse,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { scopeOf, viewOf } from "./booking-access.ts";
import { type BookingRow, listBookings as list } from "./booking-store.ts";
import { findOwnBooking } from "./find-own-booking.ts";

/** BookingService.GetBooking. Throws NOT_FOUND. */
export const getBooking =
  (app: Scheduling) =>
  async ({ bookingId }: GetBookingRequest, call: Call): Promise<Booking> => {
    const reader = readerOf(call);
    const row = await findOwnBooking(app, reader, bookingId);
    await recordReads(app, call, reader, [row]);
    return viewOf(reader, row, app.clock.now(), app.box);
  };

/** BookingService.ListBookings. Throws INVALID_PAGE_TOKEN. */
export const listBookings =
  (app: Scheduling) =>
  async (request: ListBookingsRequest, call: Call): Promise<ListBookingsResponse> => {
    const reader = readerOf(call);
    const { status, doctorId, patientId, startTime, endTime } = request;
    const page = app.pages.open(
      request,
      "bookings",
      callerId(reader),
      status,
      doctorId,
      patientId,
      startTime,
      endTime,
    );
    const now = app.clock.now();
    const found = await list(app.db, scopeOf(reader), request, page, now);
    const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.start_time, row.id]);
    await recordReads(app, call, reader, rows);
    return { bookings: rows.map((row) => viewOf(reader, row, now, app.box)), nextPageToken };
  };

/**
 * A doctor who reads a patient's reason reads health data, and an admin or an internal system, which do not get to see
 * it, still read who sees whom. To patients it is their own.
 */
async function recordReads(app: Scheduling, call: Call, reader: Reader, rows: BookingRow[]): Promise<void> {
  if (reader.kind === "user" && reader.role === "PATIENT") return;
  const accesses = rows
    .filter((row) => isOverseer(reader) || row.reason !== null)
    .map((row) => ({ resource: `bookings/${row.id}`, subjectIds: [row.patient_id] }));
  await app.audit.record(call, accesses);
}
