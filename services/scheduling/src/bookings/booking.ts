import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { NewEvent } from "@medconnect/platform/outbox/event.ts";
import type {
  Booking,
  Booking_Move,
  BookingClose,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { feeOf } from "../money/fee.ts";
import { type BookingFacts, statusAt } from "./booking-rules.ts";
import type { BookingRow } from "./booking-store.ts";

export type BookingEventType =
  | "held"
  | "confirmed"
  | "rescheduled"
  | "move_accepted"
  | "cancelled"
  | "closed"
  | "fee_decided"
  | "expired"
  | "payment_refused";

type Owned = Pick<BookingRow, "id" | "patient_id" | "doctor_id">;

/** Where a booking's sealed texts lie, and whose they are: for other people, they do not open. */
export const reasonContext = ({ id, patient_id, doctor_id }: Owned): string =>
  `bookings.reason:${id}:${patient_id}:${doctor_id}`;
export const cancelReasonContext = ({ id, patient_id, doctor_id }: Owned): string =>
  `bookings.cancel_reason:${id}:${patient_id}:${doctor_id}`;
export const closeReasonContext = ({ id, patient_id, doctor_id }: Owned): string =>
  `bookings.close_reason:${id}:${patient_id}:${doctor_id}`;

/** The booking without what patient and doctor wrote: for admins, and in answers to those who just wrote it. */
export function toBookingWithoutTexts(row: BookingRow, now: Date): Booking {
  return {
    id: row.id,
    slotId: row.slot_id,
    doctorId: row.doctor_id,
    doctorName: row.doctor_name ?? "",
    patientId: row.patient_id,
    patientName: row.patient_name ?? "",
    consultationId: row.consultation_id,
    paymentId: row.payment_id ?? undefined,
    status: statusAt({ status: row.status, holdExpireTime: row.hold_expire_time }, now),
    startTime: row.start_time,
    endTime: row.end_time,
    fee: feeOf(row),
    reason: "",
    holdExpireTime: row.hold_expire_time ?? undefined,
    sequence: row.sequence,
    createTime: row.create_time,
    cancelTime: row.cancel_time ?? undefined,
    cancelledBy: row.cancelled_by ?? undefined,
    cancelReason: undefined,
    move: moveOf(row),
    feeDecision: row.feeDecision && row.payment_id !== null ? row.feeDecision : undefined,
    close: closeOf(row),
    patientRegion: row.patient_region,
  };
}

const closeOf = ({ close_outcome: outcome, close_time: closeTime }: BookingRow): BookingClose | undefined =>
  outcome === null ? undefined : { outcome, closeTime: closeTime!, reason: undefined };

const moveOf = (row: BookingRow): Booking_Move | undefined =>
  row.moved_by === null
    ? undefined
    : {
        movedBy: row.moved_by,
        moveTime: row.move_time!,
        previousStartTime: row.previous_start_time!,
        accepted: row.move_pending === 0,
      };

/** The booking as its patient and its doctor see it. */
export function toBooking(row: BookingRow, now: Date, cipher: FieldCipher): Booking {
  const close = closeOf(row);
  return {
    ...toBookingWithoutTexts(row, now),
    close: close && {
      ...close,
      reason: cipher.decrypt(closeReasonContext(row), row.close_reason).toString(),
    },
    reason: row.reason ? cipher.decrypt(reasonContext(row), row.reason).toString() : "",
    cancelReason: cancelReasonOf(row, cipher),
  };
}

/** Reason of the cancellation; undefined without one. */
export const cancelReasonOf = (row: BookingRow, cipher: FieldCipher): string | undefined =>
  row.cancel_reason ? cipher.decrypt(cancelReasonContext(row), row.cancel_reason).toString() : undefined;

/** The fact that a booking has changed, with all of its state that others need. */
export function bookingEvent(type: BookingEventType, row: BookingRow): NewEvent {
  return {
    type: `booking.${type}`,
    aggregateId: row.id,
    version: row.version,
    state: {
      $case: "booking",
      value: {
        slotId: row.slot_id,
        doctorId: row.doctor_id,
        patientId: row.patient_id,
        consultationId: row.consultation_id,
        paymentId: row.payment_id ?? "",
        startTime: row.start_time,
        endTime: row.end_time,
        fee: feeOf(row),
        holdExpireTime: row.hold_expire_time ?? undefined,
        feeDecision: row.feeDecision ?? "FEE_DECISION_UNSPECIFIED",
        movePending: row.move_pending === 1,
        closeOutcome: row.close_outcome ?? "CLOSE_OUTCOME_UNSPECIFIED",
      },
    },
  };
}

/** Audit line and event of a booking's change. */
export const bookingEntry = (type: BookingEventType, row: BookingRow): AuditEntry => ({
  resource: `bookings/${row.id}`,
  subjectIds: [row.patient_id, row.doctor_id],
  events: [bookingEvent(type, row)],
});

/** Facts of a booking that the rules use. */
export const factsOf = (row: BookingRow): BookingFacts => ({
  status: row.status,
  holdExpireTime: row.hold_expire_time,
  startTime: row.start_time,
  endTime: row.end_time,
  started: row.started === 1,
  cancelledBy: row.cancelled_by,
  moved: row.moved_by !== null,
  movePending: row.move_pending === 1,
});
