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
  /** The actor who stopped or cancelled it. */
  ended_by: string | null;
  end_time: Date | null;
  end_reason: Buffer | null;
}

/** A prescription without its texts: a list reads no more than it shows. */
export type ListedPrescription = Omit<PrescriptionRow, "content" | "items" | "end_reason">;

const LISTED =
  "id, consultation_id, patient_id, doctor_id, status, issue_time, expire_time, ended_by, end_time";
const SELECT = `SELECT ${LISTED}, content, items, end_reason FROM prescriptions`;

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

export async function lockPrescription(tx: Transaction, id: string): Promise<PrescriptionRow | undefined> {
  const [row] = await tx.read<PrescriptionRow>(`${SELECT} WHERE id = ? FOR UPDATE`, [id]);
  return row;
}

/** Writes how a prescription ended; nothing else of it ever changes. */
export function saveEnd(tx: Transaction, row: PrescriptionRow): void {
  tx.defer("UPDATE prescriptions SET status = ?, ended_by = ?, end_time = ?, end_reason = ? WHERE id = ?", [
    row.status,
    row.ended_by,
    row.end_time,
    row.end_reason,
    row.id,
  ]);
}

/** Prescriptions that match, newest first. */
export async function listPrescriptions(
  db: Database,
  scope: Scope,
  request: Partial<Pick<ListPrescriptionsRequest, "patientId" | "consultationId">>,
  page: Page,
): Promise<ListedPrescription[]> {
  const { sql, params } = where(
    ["patient_id = ?", scope.patientId],
    ["doctor_id = ?", scope.doctorId],
    ["patient_id = ?", request.patientId || undefined],
    ["consultation_id = ?", request.consultationId || undefined],
    before("issue_time", "id", page.after),
  );
  return await db.read<ListedPrescription>(
    `SELECT ${LISTED} FROM prescriptions ${sql} ORDER BY issue_time DESC, id DESC LIMIT ?`,
    [...params, limitOf(page)],
  );
}
