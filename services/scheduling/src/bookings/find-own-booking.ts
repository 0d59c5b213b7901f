import { ApiError, hiddenFrom } from "@medconnect/platform/errors/api-error.ts";
import type { Reader } from "@medconnect/platform/identity/caller.ts";
import type { Scheduling } from "../app.ts";
import type { BookingRow } from "./booking.ts";
import { mayRead } from "./booking-access.ts";
import { findBooking } from "./booking-store.ts";

/** The booking, if it is the reader's to know of. Throws NOT_FOUND where it is not, or does not exist. */
export async function findOwnBooking(app: Scheduling, reader: Reader, id: string): Promise<BookingRow> {
  const row = await findBooking(app.db, id);
  if (!row) throw new ApiError("NOT_FOUND");
  if (!mayRead(reader, row)) throw hiddenFrom(`bookings/${id}`, row.patientId);
  return row;
}
