import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { NewEvent } from "@medconnect/platform/outbox/event.ts";
import type {
  Booking,
  Booking_Move,
  Booking_Party,
  Booking_Status,
  BookingClose,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import { type FeeColumns, feeOf } from "../money/fee.ts";
import { type BookingFacts, type CloseOutcome, type FeeDecision, statusAt } from "./booking-rules.ts";

export interface BookingRow extends FeeColumns {
  id: string;
  slotId: string;
  doctorId: string;
  doctorName: string | null;
  patientId: string;
  patientName: string | null;
  consultationId: string;
  paymentId: string | null;
  status: Booking_Status;
  startTime: Date;
  endTime: Date;
  /** Encrypted text; null if there is none. */
  reason: Buffer | null;
  holdExpireTime: Date | null;
  /** ISO 3166; empty if unknown. */
  patientRegion: string;
  sequence: number;
  version: number;
  createTime: Date;
  started: boolean;
  cancelTime: Date | null;
  cancelledBy: Booking_Party | null;
  cancelReason: Buffer | null;
  feeDecision: FeeDecision | null;
  movedBy: Booking_Party | null;
  moveTime: Date | null;
  previousStartTime: Date | null;
  movePending: boolean;
  closeOutcome: CloseOutcome | null;
  closeTime: Date | null;
  closedBy: string | null;
  closeReason: Buffer | null;
}

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

type Owned = Pick<BookingRow, "id" | "patientId" | "doctorId">;

/**
 * Encryption contexts of a booking's texts. Each context contains the ids of patient and doctor. If somebody
 * changes one of these ids in the database, the texts cannot be decrypted.
 */
export const reasonContext = ({ id, patientId, doctorId }: Owned): string =>
  `bookings.reason:${id}:${patientId}:${doctorId}`;
export const cancelReasonContext = ({ id, patientId, doctorId }: Owned): string =>
  `bookings.cancel_reason:${id}:${patientId}:${doctorId}`;
export const closeReasonContext = ({ id, patientId, doctorId }: Owned): string =>
  `bookings.close_reason:${id}:${patientId}:${doctorId}`;

/**
 * Converts a row to a booking without its reason texts. Used for readers who may not see the texts, and by
 * callers that add the plain texts themselves.
 */
export function toBookingWithoutTexts(row: BookingRow, now: Date): Booking {
  return {
    id: row.id,
    slotId: row.slotId,
    doctorId: row.doctorId,
    doctorName: row.doctorName ?? "",
    patientId: row.patientId,
    patientName: row.patientName ?? "",
    consultationId: row.consultationId,
    paymentId: row.paymentId ?? undefined,
    status: statusAt(row, now),
    startTime: row.startTime,
    endTime: row.endTime,
    fee: feeOf(row),
    reason: "",
    holdExpireTime: row.holdExpireTime ?? undefined,
    sequence: row.sequence,
    createTime: row.createTime,
    cancelTime: row.cancelTime ?? undefined,
    cancelledBy: row.cancelledBy ?? undefined,
    cancelReason: undefined,
    move: moveOf(row),
    feeDecision: row.feeDecision && row.paymentId !== null ? row.feeDecision : undefined,
    close: closeOf(row),
    patientRegion: row.patientRegion,
  };
}

const closeOf = ({ closeOutcome: outcome, closeTime }: BookingRow): BookingClose | undefined =>
  outcome === null ? undefined : { outcome, closeTime: closeTime ?? undefined, reason: undefined };

const moveOf = (row: BookingRow): Booking_Move | undefined =>
  row.movedBy === null
    ? undefined
    : {
        movedBy: row.movedBy,
        moveTime: row.moveTime ?? undefined,
        previousStartTime: row.previousStartTime ?? undefined,
        accepted: !row.movePending,
      };

/** Converts a row to the booking that its patient and doctor see, with the decrypted reason texts. */
export function toBooking(row: BookingRow, now: Date, cipher: FieldCipher): Booking {
  const close = closeOf(row);
  return {
    ...toBookingWithoutTexts(row, now),
    close: close && {
      ...close,
      reason: cipher.decrypt(closeReasonContext(row), row.closeReason).toString(),
    },
    reason: row.reason ? cipher.decrypt(reasonContext(row), row.reason).toString() : "",
    cancelReason: cancelReasonOf(row, cipher),
  };
}

/** Decrypts the reason of the cancellation; undefined if there is none. */
export const cancelReasonOf = (row: BookingRow, cipher: FieldCipher): string | undefined =>
  row.cancelReason ? cipher.decrypt(cancelReasonContext(row), row.cancelReason).toString() : undefined;

/** Builds the event for a change of a booking, with the booking's new state for other services. */
export function bookingEvent(type: BookingEventType, row: BookingRow): NewEvent {
  return {
    type: `booking.${type}`,
    aggregateId: row.id,
    version: row.version,
    state: {
      $case: "booking",
      value: {
        slotId: row.slotId,
        doctorId: row.doctorId,
        patientId: row.patientId,
        consultationId: row.consultationId,
        paymentId: row.paymentId ?? "",
        startTime: row.startTime,
        endTime: row.endTime,
        fee: feeOf(row),
        holdExpireTime: row.holdExpireTime ?? undefined,
        feeDecision: row.feeDecision ?? "FEE_DECISION_UNSPECIFIED",
        movePending: row.movePending,
        closeOutcome: row.closeOutcome ?? "CLOSE_OUTCOME_UNSPECIFIED",
      },
    },
  };
}

/** Builds the audit entry for a change of a booking. The entry contains the event for the change. */
export const bookingEntry = (type: BookingEventType, row: BookingRow): AuditEntry => ({
  resource: `bookings/${row.id}`,
  subjectIds: [row.patientId, row.doctorId],
  events: [bookingEvent(type, row)],
});

/** Extracts the facts on which the functions in `booking-rules.ts` decide. */
export const factsOf = (row: BookingRow): BookingFacts => ({
  status: row.status,
  holdExpireTime: row.holdExpireTime,
  startTime: row.startTime,
  endTime: row.endTime,
  started: row.started,
  cancelledBy: row.cancelledBy,
  moved: row.movedBy !== null,
  movePending: row.movePending,
});
