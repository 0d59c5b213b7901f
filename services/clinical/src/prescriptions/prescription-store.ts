import type { Database } from "@medconnect/platform/db/database.ts";
import { before, where } from "@medconnect/platform/db/filters.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { limitOf, type Page } from "@medconnect/platform/page-token.ts";
import type {
  ListPrescriptionsRequest,
  Prescription_Status,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import type { Scope } from "../access.ts";

export interface PrescriptionRow {
  id: string;
  consultation_id: string;
  patient_id: string;
  doctor_id: string;
  status: Prescription_Status;
  content: Buffer;
  items: Buffer;
  issue_time: Date;
  expire_time: Date;
}

const SELECT = `SELECT id, consultation_id, patient_id, doctor_id, status, content, items, issue_time, expire_time
  FROM prescriptions`;

export function insertPrescription(tx: Transaction, row: PrescriptionRow): void {
  tx.defer(
    `INSERT INTO prescriptions (id, consultation_id, patient_id, doctor_id, status, content, items, issue_time,
       expire_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      row.id,
      row.consultation_id,
      row.patient_id,
      row.doctor_id,
      row.status,
      row.content,
      row.items,
      row.issue_time,
      row.expire_time,
    ],
  );
}

export async function findPrescription(db: Database, id: string): Promise<PrescriptionRow | undefined> {
  const [row] = await db.read<PrescriptionRow>(`${SELECT} WHERE id = ?`, [id]);
  return row;
}

/** Prescriptions that match, newest first. */
export async function listPrescriptions(
  db: Database,
  scope: Scope,
  request: ListPrescriptionsRequest,
  page: Page,
): Promise<PrescriptionRow[]> {
  const { sql, params } = where(
    ["patient_id = ?", scope.patientId],
    ["doctor_id = ?", scope.doctorId],
    ["patient_id = ?", request.patientId || undefined],
    ["consultation_id = ?", request.consultationId || undefined],
    before("issue_time", "id", page.after),
  );
  return await db.read<PrescriptionRow>(`${SELECT} ${sql} ORDER BY issue_time DESC, id DESC LIMIT ?`, [
    ...params,
    limitOf(page),
  ]);
}
