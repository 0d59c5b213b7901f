import { limitOf, type Page } from "@medconnect/platform/api/page-token.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { ListPrescriptionsRequest } from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import type { Scope } from "../access/parties.ts";
import type { ListedPrescription, PrescriptionRow } from "./prescription.ts";

/** Columns of a `ListedPrescription`, from prescriptions `r` and the tables that NAMES joins. */
const LISTED = `r.id, r.consultation_id AS consultationId, r.patient_id AS patientId,
    COALESCE(r.patient_name, p.full_name) AS patientName, r.doctor_id AS doctorId,
    COALESCE(r.doctor_name, d.display_name) AS doctorName, r.status, r.issue_time AS issueTime,
    r.expire_time AS expireTime, r.ended_by AS endedBy, r.end_time AS endTime`;
const NAMES =
  "LEFT JOIN people p ON p.user_id = r.patient_id LEFT JOIN doctors d ON d.doctor_id = r.doctor_id";
const SELECT = `SELECT ${LISTED}, r.content, r.items, r.end_reason AS endReason FROM prescriptions r ${NAMES}`;

export function insertPrescription(tx: Transaction, row: PrescriptionRow): void {
  tx.defer(
    `INSERT INTO prescriptions (id, consultation_id, patient_id, patient_name, doctor_id, doctor_name, status, content,
       items, issue_time, expire_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      binaryId(row.id),
      binaryId(row.consultationId),
      binaryId(row.patientId),
      row.patientName,
      binaryId(row.doctorId),
      row.doctorName,
      row.status,
      row.content,
      row.items,
      row.issueTime,
      row.expireTime,
    ],
  );
}

export async function findPrescription(db: Database, id: string): Promise<PrescriptionRow | undefined> {
  const [row] = await db.read<PrescriptionRow>(`${SELECT} WHERE r.id = ?`, [binaryId(id)]);
  return row;
}

/** Locks a prescription. Throws if the prescription does not exist. */
export async function lockPrescription(tx: Transaction, id: string): Promise<PrescriptionRow> {
  const [row] = await tx.read<PrescriptionRow>(`${SELECT} WHERE r.id = ? FOR UPDATE OF r`, [binaryId(id)]);
  if (!row) throw new Error(`prescription ${id} does not exist`);
  return row;
}

/** Saves the end of a prescription. All other columns never change. */
export function saveEnd(tx: Transaction, row: PrescriptionRow): void {
  tx.defer("UPDATE prescriptions SET status = ?, ended_by = ?, end_time = ?, end_reason = ? WHERE id = ?", [
    row.status,
    row.endedBy,
    row.endTime,
    row.endReason,
    binaryId(row.id),
  ]);
}

/**
 * Matching prescriptions, newest first. The inner statement names the index for the page, because other plans
 * would join and sort all rows. A list of one doctor's prescriptions for one patient scans all prescriptions
 * of the patient.
 */
export async function listPrescriptions(
  db: Database,
  scope: Scope,
  request: Partial<Pick<ListPrescriptionsRequest, "patientId" | "consultationId">>,
  page: Page,
): Promise<ListedPrescription[]> {
  const { sql, params } = where(
    ["r.patient_id = ?", binaryId(scope.patientId)],
    ["r.doctor_id = ?", binaryId(scope.doctorId)],
    ["r.patient_id = ?", binaryId(request.patientId || undefined)],
    ["r.consultation_id = ?", binaryId(request.consultationId || undefined)],
    before("r.issue_time", "r.id", page.after),
  );
  const isOfPatient = scope.patientId !== undefined || Boolean(request.patientId);
  const ofOwner = isOfPatient ? "prescriptions_by_patient" : "prescriptions_by_doctor";
  const key = request.consultationId ? "prescriptions_by_consultation" : ofOwner;
  const isKeyed = !request.patientId || scope.doctorId === undefined;
  return await db[isKeyed ? "read" : "scan"]<ListedPrescription>(
    `SELECT ${LISTED} FROM (SELECT r.id FROM prescriptions r FORCE INDEX (${key}) ${sql}
       ORDER BY r.issue_time DESC, r.id DESC LIMIT ?) page
     JOIN prescriptions r ON r.id = page.id ${NAMES} ORDER BY r.issue_time DESC, r.id DESC`,
    [...params, limitOf(page)],
  );
}
