import type { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import type { UserCaller } from "@medconnect/platform/identity/caller.ts";
import type { Booking } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { toBooking, toBookingWithoutTexts } from "./booking.ts";
import type { BookingRow, BookingScope } from "./booking-store.ts";

/** Whether a booking is the user's to know of: as its patient, its doctor, or an admin. */
export function mayRead(user: UserCaller, row: Pick<BookingRow, "patient_id" | "doctor_id">): boolean {
  switch (user.role) {
    case "PATIENT":
      return row.patient_id === user.userId;
    case "DOCTOR":
      return row.doctor_id === user.userId;
    case "ADMIN":
      return true;
  }
}

/** The bookings that a list may show the user. */
export function scopeOf({ role, userId }: UserCaller): BookingScope {
  if (role === "PATIENT") return { patientId: userId };
  return role === "DOCTOR" ? { doctorId: userId } : {};
}

/** A booking as the user may see it. */
export const viewOf = (user: UserCaller, row: BookingRow, now: Date, box: SealedBox): Booking =>
  user.role === "ADMIN" ? toBookingWithoutTexts(row, now) : toBooking(row, now, box);
