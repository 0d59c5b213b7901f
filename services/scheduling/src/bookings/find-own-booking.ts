import { ApiError, hiddenFrom } from "@medconnect/platform/errors/api-error.ts";
import type { Reader } from "@medconnect/platform/identity/caller.ts";
import type { Scheduling } from "../app.ts";
import type { BookingRow } from "./booking.ts";
import { mayRead } from "./booking-access.ts";
import { findBooking } from "./booking-store.ts";

/** Finds a booking that the reader may see. Throws NOT_FOUND. */
export async function findOwnBooking(app: Scheduling, reader: Reader, id: string): Promise<BookingRow> {
  const row = await findBooking(app.db, id);
  if (!row) throw new ApiError("NOT_FOUND");
  if (!mayRead(reader, row)) throw hiddenFrom(`bookings/${id}`, row.patientId);
  return row;
}
