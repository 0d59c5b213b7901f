import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { ConsultationIds, ConsultationRow } from "../consultations/consultation.ts";

/** Columns of a consultation from its confirmed booking. */
export type NewConsultation = ConsultationIds &
  Pick<ConsultationRow, "startTime" | "endTime" | "movePending">;

const INSERT = `INSERT INTO consultations
  (id, booking_id, payment_id, patient_id, doctor_id, status, moved_by, start_time, end_time, move_pending, version)
  VALUES ? AS new ON DUPLICATE KEY UPDATE`;

/**
 * As `assertOwnRow`, without a read: the statement fails if the row has other ids than the booking's event states, because the column
 * takes no NULL.
 */
const OWN_ROW = `booking_id = IF(consultations.booking_id = new.booking_id AND consultations.payment_id <=> new.payment_id
    AND consultations.patient_id = new.patient_id AND consultations.doctor_id = new.doctor_id, new.booking_id, NULL)`;

const newRows = (consultations: NewConsultation[]): SqlValue[][] =>
  consultations.map((row) => [
    binaryId(row.id),
    binaryId(row.bookingId),
    binaryId(row.paymentId),
    binaryId(row.patientId),
    binaryId(row.doctorId),
    "SCHEDULED",
    "SERVICE",
    row.startTime,
    row.endTime,
    row.movePending,
    1,
  ]);

/** Makes consultations; one that is there already stays as it is, as it may have begun. */
export function insertConsultations(tx: Transaction, consultations: NewConsultation[]): void {
  tx.defer(`${INSERT} ${OWN_ROW}`, [newRows(consultations)]);
}

const TIMES_DIFFER = "(consultations.start_time <> new.start_time OR consultations.end_time <> new.end_time)";

/**
 * Excludes started consultations. Includes a no-show at a time that its booking had left, or that its patient had not
 * accepted: that no-show is void. A waiting patient returns to SCHEDULED, because they have not accepted the new time.
 */
const MOVABLE = `(consultations.status IN ('SCHEDULED', 'WAITING') AND (${TIMES_DIFFER} OR new.move_pending)
  OR consultations.status = 'NO_SHOW'
    AND (${TIMES_DIFFER} OR (new.move_pending AND consultations.no_show_party = 'PATIENT')))`;

/**
 * Moves consultations that have not begun to another time, where nobody waits yet; makes those that are not there,
 * as their booking may have been moved before its confirmation came.
 */
export function moveConsultations(tx: Transaction, consultations: NewConsultation[]): void {
  // MySQL assigns from left to right, so the row is SCHEDULED already when the rest is set.
  tx.defer(
    `${INSERT} ${OWN_ROW},
       version = consultations.version + IF(${MOVABLE}, 1, 0),
       moved_by = IF(${MOVABLE}, 'SERVICE', consultations.moved_by),
       doctor_ready_time = IF(${MOVABLE}, NULL, consultations.doctor_ready_time),
       join_time = IF(${MOVABLE}, NULL, consultations.join_time),
       late_party = IF(${MOVABLE}, NULL, consultations.late_party),
       status = IF(${MOVABLE}, 'SCHEDULED', consultations.status),
       no_show_party = IF(consultations.status = 'SCHEDULED', NULL, consultations.no_show_party),
       patient_name = IF(consultations.status = 'SCHEDULED', NULL, consultations.patient_name),
       doctor_name = IF(consultations.status = 'SCHEDULED', NULL, consultations.doctor_name),
       move_pending = IF(consultations.status IN ('SCHEDULED', 'WAITING'), new.move_pending, consultations.move_pending),
       start_time = IF(consultations.status = 'SCHEDULED', new.start_time, consultations.start_time),
       end_time = IF(consultations.status = 'SCHEDULED', new.end_time, consultations.end_time)`,
    [newRows(consultations)],
  );
}
