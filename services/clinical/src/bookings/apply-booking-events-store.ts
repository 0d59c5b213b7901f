import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { ConsultationIds, ConsultationRow } from "../consultations/consultation.ts";

/** Columns of a consultation that its booking determines. */
export type NewConsultation = ConsultationIds &
  Pick<ConsultationRow, "startTime" | "endTime" | "movePending">;

const INSERT = `INSERT INTO consultations
  (id, booking_id, payment_id, patient_id, doctor_id, status, transitioned_by, start_time, end_time, move_pending, version)
  VALUES ? AS new ON DUPLICATE KEY UPDATE`;

/**
 * Checks that an existing consultation has the same ids as the event, without reading it first. If the ids
 * differ, the statement assigns NULL to a NOT NULL column, and fails.
 */
const OWN_ROW = `booking_id = IF(consultations.booking_id = new.booking_id AND consultations.payment_id <=> new.payment_id
    AND consultations.patient_id = new.patient_id AND consultations.doctor_id = new.doctor_id, new.booking_id, NULL)`;

const newRows = (consultations: NewConsultation[]): SqlScalar[][] =>
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

/** Inserts consultations. An existing consultation stays unchanged, because it may have started. */
export function insertConsultations(tx: Transaction, consultations: NewConsultation[]): void {
  tx.defer(`${INSERT} ${OWN_ROW}`, [newRows(consultations)]);
}

const TIMES_DIFFER = "(consultations.start_time <> new.start_time OR consultations.end_time <> new.end_time)";

/**
 * SQL condition: an existing consultation must move to the new time of its booking, because it has not
 * started, or ended in a no-show that no longer counts. A no-show no longer counts if it was recorded for an
 * earlier time of the booking, or for a time that the patient had not accepted. A WAITING consultation
 * becomes SCHEDULED again, because the patient has not accepted the new time.
 */
const RESCHEDULABLE = `(consultations.status IN ('SCHEDULED', 'WAITING') AND (${TIMES_DIFFER} OR new.move_pending)
  OR consultations.status = 'NO_SHOW'
    AND (${TIMES_DIFFER} OR (new.move_pending AND consultations.no_show_party = 'PATIENT')))`;

/**
 * Reschedules consultations for which RESCHEDULABLE holds. Inserts unknown consultations, because
 * booking.rescheduled may arrive before booking.confirmed.
 */
export function rescheduleConsultations(tx: Transaction, consultations: NewConsultation[]): void {
  // MySQL assigns from left to right, so the lines after `status` see the new status.
  tx.defer(
    `${INSERT} ${OWN_ROW},
       version = consultations.version + IF(${RESCHEDULABLE}, 1, 0),
       transitioned_by = IF(${RESCHEDULABLE}, 'SERVICE', consultations.transitioned_by),
       doctor_ready_time = IF(${RESCHEDULABLE}, NULL, consultations.doctor_ready_time),
       join_time = IF(${RESCHEDULABLE}, NULL, consultations.join_time),
       late_party = IF(${RESCHEDULABLE}, NULL, consultations.late_party),
       status = IF(${RESCHEDULABLE}, 'SCHEDULED', consultations.status),
       no_show_party = IF(consultations.status = 'SCHEDULED', NULL, consultations.no_show_party),
       patient_name = IF(consultations.status = 'SCHEDULED', NULL, consultations.patient_name),
       doctor_name = IF(consultations.status = 'SCHEDULED', NULL, consultations.doctor_name),
       move_pending = IF(consultations.status IN ('SCHEDULED', 'WAITING'), new.move_pending, consultations.move_pending),
       start_time = IF(consultations.status = 'SCHEDULED', new.start_time, consultations.start_time),
       end_time = IF(consultations.status = 'SCHEDULED', new.end_time, consultations.end_time)`,
    [newRows(consultations)],
  );
}
