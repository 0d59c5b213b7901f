import { leaveOutAltered } from "@medconnect/platform/crypto/leave-out-altered.ts";
import { type Call, readerOf } from "@medconnect/platform/grpc/call.ts";
import { callerId } from "@medconnect/platform/identity/caller.ts";
import type {
  Booking,
  GetBookingRequest,
  ListBookingsRequest,
  ListBookingsResponse,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { readsOf, scopeOf, viewOf } from "./booking-access.ts";
import { listBookings as list } from "./booking-list-store.ts";
import { findOwnBooking } from "./find-own-booking.ts";

/** BookingService.GetBooking. Throws NOT_FOUND. */
export async function getBooking(
  app: Scheduling,
  { bookingId }: GetBookingRequest,
  call: Call,
): Promise<Booking> {
  const reader = readerOf(call);
  const row = await findOwnBooking(app, reader, bookingId);
  const booking = viewOf(reader, row, app.businessClock.now(), app.cipher);
  await app.audit.record(call, readsOf(reader, [booking]));
  return booking;
}

/** BookingService.ListBookings. Throws INVALID_PAGE_TOKEN. */
export async function listBookings(
  app: Scheduling,
  request: ListBookingsRequest,
  call: Call,
): Promise<ListBookingsResponse> {
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
  const now = app.businessClock.now();
  const found = await list(app.db, scopeOf(reader), request, page, now);
  const { rows, nextPageToken } = app.pages.close(page, found, (row) => [row.startTime, row.id]);
  const bookings = leaveOutAltered(app.log, rows, (row) => viewOf(reader, row, now, app.cipher));
  await app.audit.record(call, readsOf(reader, bookings));
  return { bookings, nextPageToken };
}
