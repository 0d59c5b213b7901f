import type { Access } from "@medconnect/platform/audit/recorder.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { isOverseer, type Reader } from "@medconnect/platform/identity/caller.ts";
import type { Booking } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { BookingRow } from "./booking.ts";
import { toBooking, toBookingWithoutTexts } from "./booking.ts";
import type { BookingScope } from "./booking-list-store.ts";

/** True for the booking's patient and doctor, for admins and for service accounts. */
export function mayRead(reader: Reader, row: Pick<BookingRow, "patientId" | "doctorId">): boolean {
  const { patientId, doctorId } = scopeOf(reader);
  return (
    (patientId === undefined || row.patientId === patientId) &&
    (doctorId === undefined || row.doctorId === doctorId)
  );
}

/**
 * Filter of the reader's lists: patients and doctors list their own bookings, admins and service accounts
 * list all bookings.
 */
export function scopeOf(reader: Reader): BookingScope {
  if (reader.kind === "serviceAccount") return {};
  switch (reader.role) {
    case "PATIENT":
      return { patientId: reader.userId };
    case "DOCTOR":
      return { doctorId: reader.userId };
    case "ADMIN":
      return {};
  }
}

/**
 * Converts a row to the booking that the reader may see. Admins and service accounts (`isOverseer`) do not
 * see the reason texts.
 */
export const viewOf = (reader: Reader, row: BookingRow, now: Date, cipher: FieldCipher): Booking =>
  isOverseer(reader) ? toBookingWithoutTexts(row, now) : toBooking(row, now, cipher);

/**
 * Builds the audit entries for bookings that are shown to a reader. An entry is needed even without a reason
 * text, because an appointment is personal data. Patients who read their own bookings leave no entry.
 */
export function readsOf(reader: Reader, shown: Booking[]): Access[] {
  if (reader.kind === "user" && reader.role === "PATIENT") return [];
  return shown.map(({ id, patientId }) => ({ resource: `bookings/${id}`, subjectIds: [patientId] }));
}
