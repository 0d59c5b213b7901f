import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { withBooleans } from "@medconnect/platform/db/booleans.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Count } from "@medconnect/platform/stats/utc-days.ts";
import type {
  Consultation_Status,
  ListConsultationsRequest,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Scope } from "../access/parties.ts";
import type { ConsultationRow, ListedConsultation } from "./consultation.ts";
import { isOver } from "./consultation-rules.ts";

/** Columns of a `ListedConsultation`, from consultations `c` and the tables that NAMES joins. */
export const LISTED = `c.id, c.booking_id AS bookingId, c.payment_id AS paymentId, c.patient_id AS patientId,
    COALESCE(c.patient_name, p.full_name) AS patientName, c.doctor_id AS doctorId,
    COALESCE(c.doctor_name, d.display_name) AS doctorName, c.status, c.transitioned_by AS transitionedBy,
    c.start_time AS startTime, c.end_time AS endTime, c.started_time AS startedTime, c.ended_time AS endedTime,
    c.no_show_party AS noShowParty, c.doctor_ready_time AS doctorReadyTime, c.join_time AS joinTime,
    c.late_party AS lateParty, c.move_pending AS movePending, c.overdue_time AS overdueTime, c.version`;
/** Boolean fields of a consultation's row, for `withBooleans`. */
export const CONSULTATION_FLAGS = ["movePending"] as const;
export const NAMES =
  "LEFT JOIN people p ON p.user_id = c.patient_id LEFT JOIN doctors d ON d.doctor_id = c.doctor_id";
const SELECT = `SELECT ${LISTED}, c.notes, c.abandon_reason AS abandonReason, d.licensed_until AS licensedUntil
  FROM consultations c ${NAMES}`;

export async function findConsultation(db: Database, id: string): Promise<ConsultationRow | undefined> {
  const rows = await db.read<ConsultationRow>(`${SELECT} WHERE c.id = ?`, [binaryId(id)]);
  return withBooleans(rows, CONSULTATION_FLAGS)[0];
}

/**
 * Locks consultations in the order of their ids, which avoids deadlocks. Unknown ids are left out. A shared
 * lock keeps the licensings of the consultations' doctors from changing.
 */
export async function lockConsultations(tx: Transaction, ids: string[]): Promise<ConsultationRow[]> {
  const rows = await tx.read<ConsultationRow>(
    `${SELECT} WHERE c.id IN (?) ORDER BY c.id FOR UPDATE OF c FOR SHARE OF d`,
    [ids.map(binaryId)],
  );
  return withBooleans(rows, CONSULTATION_FLAGS);
}

/**
 * Locks one consultation, and keeps the licensing of its doctor from changing. Throws if the consultation
 * does not exist.
 */
export async function lockConsultation(tx: Transaction, id: string): Promise<ConsultationRow> {
  const [row] = await lockConsultations(tx, [id]);
  if (!row) throw new Error(`consultation ${id} does not exist`);
  return row;
}

/**
 * Updates the columns that change after the insert. If the consultation has ended, also stores the current
 * names of patient and doctor in the row.
 */
export function saveConsultation(tx: Transaction, row: ConsultationRow): void {
  const [patientName, doctorName] = isOver(row.status) ? [row.patientName, row.doctorName] : [null, null];
  tx.defer(
    `UPDATE consultations SET status = ?, transitioned_by = ?, started_time = ?, ended_time = ?, notes = ?,
       abandon_reason = ?, no_show_party = ?, doctor_ready_time = ?, join_time = ?, late_party = ?,
       move_pending = ?, start_time = ?, end_time = ?, patient_name = ?, doctor_name = ?, version = ? WHERE id = ?`,
    [
      row.status,
      row.transitionedBy,
      row.startedTime,
      row.endedTime,
      row.notes,
      row.abandonReason,
      row.noShowParty,
      row.doctorReadyTime,
      row.joinTime,
      row.lateParty,
      row.movePending,
      row.startTime,
      row.endTime,
      patientName,
      doctorName,
      row.version,
      binaryId(row.id),
    ],
  );
}

/**
 * Matching consultations, latest start first. The inner statement names the index for the page, because other
 * plans would join and sort all rows. A filter that the index does not cover scans the caller's
 * consultations.
 */
export async function listConsultations(
  db: Database,
  scope: Scope,
  request: ListConsultationsRequest,
  page: Page,
): Promise<ListedConsultation[]> {
  const status = request.status === "STATUS_UNSPECIFIED" ? undefined : request.status;
  const key = scope.patientId || request.patientId ? "consultations_by_patient" : "consultations_by_doctor";
  const isKeyed = status === undefined && (request.patientId === "" || scope.doctorId === undefined);
  const { sql, params } = where(
    ["c.patient_id = ?", binaryId(scope.patientId)],
    ["c.doctor_id = ?", binaryId(scope.doctorId)],
    ["c.patient_id = ?", binaryId(request.patientId || undefined)],
    ["c.status = ?", status],
    ["c.start_time >= ?", request.startTime],
    ["c.start_time < ?", request.endTime],
    before("c.start_time", "c.id", page.after),
  );
  const rows = await db[isKeyed ? "read" : "scan"]<ListedConsultation>(
    `SELECT ${LISTED}, (SELECT COUNT(*) FROM addenda a WHERE a.consultation_id = c.id) AS addendaCount
     FROM (SELECT c.id FROM consultations c FORCE INDEX (${key}) ${sql}
       ORDER BY c.start_time DESC, c.id DESC LIMIT ?) page
     JOIN consultations c ON c.id = page.id ${NAMES} ORDER BY c.start_time DESC, c.id DESC`,
    [...params, limitOf(page)],
  );
  return withBooleans(rows, CONSULTATION_FLAGS);
}

export async function countByStatus(db: Database): Promise<Count<Consultation_Status>[]> {
  return await db.scan("SELECT status AS name, COUNT(*) AS count FROM consultations GROUP BY status");
}

/**
 * Numbers of consultations that were completed since a time, by the day of their end (UTC). Days without
 * completed consultations are absent.
 */
export async function countCompletedByDay(db: Database, since: Date): Promise<Count[]> {
  return await db.scan(
    `SELECT DATE_FORMAT(ended_time, '%Y-%m-%d') AS name, COUNT(*) AS count
     FROM consultations WHERE ended_time >= ? AND status = 'COMPLETED' GROUP BY name`,
    [since],
  );
}
