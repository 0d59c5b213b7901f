import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Count } from "@medconnect/platform/stats/utc-days.ts";
import type {
  Consultation_Status,
  ListConsultationsRequest,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Scope } from "../access/parties.ts";
import { isOver, type Mover, type Party } from "./consultation-rules.ts";

export interface ConsultationRow {
  id: string;
  booking_id: string;
  payment_id: string | null;
  patient_id: string;
  /** Name at the end; until then the current one. Null if unknown here. */
  patient_name: string | null;
  doctor_id: string;
  doctor_name: string | null;
  status: Consultation_Status;
  moved_by: Mover;
  start_time: Date;
  end_time: Date;
  started_time: Date | null;
  ended_time: Date | null;
  notes: Buffer | null;
  abandon_reason: Buffer | null;
  no_show_party: Party | null;
  doctor_ready_time: Date | null;
  join_time: Date | null;
  late_party: Party | null;
  move_pending: number;
  overdue_time: Date | null;
  /** Last day of the doctor's verified licences; null without one. */
  licensed_until: Date | null;
  version: number;
}

/** A consultation without its texts, which lists neither read nor show. */
export type ListedConsultation = Omit<ConsultationRow, "notes" | "abandon_reason" | "licensed_until"> & {
  addenda_count: number;
};

/** Columns of a listed consultation; tables: consultations c, and those of NAMES. */
export const LISTED = `c.id, c.booking_id, c.payment_id, c.patient_id, COALESCE(c.patient_name, p.full_name) AS patient_name,
    c.doctor_id, COALESCE(c.doctor_name, d.display_name) AS doctor_name, c.status, c.moved_by, c.start_time, c.end_time, c.started_time, c.ended_time,
    c.no_show_party, c.doctor_ready_time, c.join_time, c.late_party, c.move_pending, c.overdue_time, c.version`;
export const NAMES =
  "LEFT JOIN people p ON p.user_id = c.patient_id LEFT JOIN doctors d ON d.doctor_id = c.doctor_id";
const SELECT = `SELECT ${LISTED}, c.notes, c.abandon_reason, d.licensed_until FROM consultations c ${NAMES}`;

/** Ids of a consultation from its booking, which never change. */
export type ConsultationIds = Pick<
  ConsultationRow,
  "id" | "booking_id" | "payment_id" | "patient_id" | "doctor_id"
>;

export async function findConsultation(db: Database, id: string): Promise<ConsultationRow | undefined> {
  const [row] = await db.read<ConsultationRow>(`${SELECT} WHERE c.id = ?`, [binaryId(id)]);
  return row;
}

/**
 * Locks those of the consultations that exist, in the order of their ids: everyone locks the same way round. Then locks their
 * doctors' licensings against a change.
 */
export async function lockConsultations(tx: Transaction, ids: string[]): Promise<ConsultationRow[]> {
  return await tx.read<ConsultationRow>(
    `${SELECT} WHERE c.id IN (?) ORDER BY c.id FOR UPDATE OF c FOR SHARE OF d`,
    [ids.map(binaryId)],
  );
}

/** Writes what can change in a consultation's life, under the version that follows the one that was locked. */
export function saveConsultation(tx: Transaction, row: ConsultationRow): void {
  const [patientName, doctorName] = isOver(row.status) ? [row.patient_name, row.doctor_name] : [null, null];
  tx.defer(
    `UPDATE consultations SET status = ?, moved_by = ?, started_time = ?, ended_time = ?, notes = ?,
       abandon_reason = ?, no_show_party = ?, doctor_ready_time = ?, join_time = ?, late_party = ?,
       move_pending = ?, start_time = ?, end_time = ?, patient_name = ?, doctor_name = ?, version = ? WHERE id = ?`,
    [
      row.status,
      row.moved_by,
      row.started_time,
      row.ended_time,
      row.notes,
      row.abandon_reason,
      row.no_show_party,
      row.doctor_ready_time,
      row.join_time,
      row.late_party,
      row.move_pending,
      row.start_time,
      row.end_time,
      patientName,
      doctorName,
      row.version,
      binaryId(row.id),
    ],
  );
}

/**
 * Consultations that match, latest start first. The inner statement reads the page by a named key, so that no other plan
 * joins and sorts all. A filter that the key does not hold is a scan.
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
  return await db[isKeyed ? "read" : "scan"]<ListedConsultation>(
    `SELECT ${LISTED}, (SELECT COUNT(*) FROM addenda a WHERE a.consultation_id = c.id) AS addenda_count
     FROM (SELECT c.id FROM consultations c FORCE INDEX (${key}) ${sql}
       ORDER BY c.start_time DESC, c.id DESC LIMIT ?) page
     JOIN consultations c ON c.id = page.id ${NAMES} ORDER BY c.start_time DESC, c.id DESC`,
    [...params, limitOf(page)],
  );
}

export async function countByStatus(db: Database): Promise<Count<Consultation_Status>[]> {
  return await db.scan("SELECT status AS name, COUNT(*) AS count FROM consultations GROUP BY status");
}

/** Consultations completed on each day (UTC) since a time; days without any are not among them. */
export async function countCompletedByDay(db: Database, since: Date): Promise<Count[]> {
  return await db.scan(
    `SELECT DATE_FORMAT(ended_time, '%Y-%m-%d') AS name, COUNT(*) AS count
     FROM consultations WHERE ended_time >= ? AND status = 'COMPLETED' GROUP BY name`,
    [since],
  );
}
