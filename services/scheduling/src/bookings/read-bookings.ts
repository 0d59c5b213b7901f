import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
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
    const user = userOf(call);
    const row = await findOwnBooking(app, user, bookingId);
    await recordReads(app, call, user, [row]);
    return viewOf(user, row, app.clock.now(), app.box);
  };

/** BookingService.ListBookings. Throws INVALID_PAGE_TOKEN. */
export const listBookings =
  (app: Scheduling) =>
  async (request: ListBookingsRequest, call: Call): Promise<ListBookingsResponse> => {
    const user = userOf(call);
    const { status, doctorId, patientId, startTime, endTime } = request;
    const page = app.pages.open(
      request,
      "bookings",
      user.userId,
      status,
      doctorId,
      patientId,
      startTime,
      endTime,
    );
    const now = app.clock.now();
    const found = await list(app.db, scopeOf(user), request, page, now);
    const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.start_time, row.id]);
    await recordReads(app, call, user, rows);
    return { bookings: rows.map((row) => viewOf(user, row, now, app.box)), nextPageToken };
  };

/**
 * A doctor who reads a patient's reason reads health data, and an admin, who does not get to see it, still reads who
 * sees whom. To patients it is their own.
 */
async function recordReads(app: Scheduling, call: Call, user: UserCaller, rows: BookingRow[]): Promise<void> {
  if (user.role === "PATIENT") return;
  const accesses = rows
    .filter((row) => user.role === "ADMIN" || row.reason !== null)
    .map((row) => ({ resource: `bookings/${row.id}`, subjectIds: [row.patient_id] }));
  await app.audit.record(call, accesses);
}
