import type { Access } from "@medconnect/platform/audit/recorder.ts";
import type { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import type {
  Prescription,
  Prescription_Status,
  PrescriptionItem,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import type { PrescriptionRow } from "./prescription-store.ts";

/** Where a prescription's sealed parts lie. */
export const contentPlace = (id: string): string => `prescriptions.content:${id}`;
export const itemsPlace = (id: string): string => `prescriptions.items:${id}`;

/** What a prescription is at a time: one that could be dispensed reads as expired once its time is over. */
export function statusAt(
  { status, expireTime }: { status: Prescription_Status; expireTime: Date },
  now: Date,
): Prescription_Status {
  return status === "ACTIVE" && expireTime <= now ? "EXPIRED" : status;
}

/** What the audit trail says of who saw a prescription. */
export const accessTo = (row: Pick<PrescriptionRow, "id" | "patient_id">): Access => ({
  resource: `prescriptions/${row.id}`,
  subjectIds: [row.patient_id],
});

/** The prescription as its patient and its doctor see it. */
export const toPrescription = (row: PrescriptionRow, now: Date, box: SealedBox): Prescription => ({
  id: row.id,
  consultationId: row.consultation_id,
  patientId: row.patient_id,
  doctorId: row.doctor_id,
  status: statusAt({ status: row.status, expireTime: row.expire_time }, now),
  content: box.open(contentPlace(row.id), row.content).toString(),
  items: JSON.parse(box.open(itemsPlace(row.id), row.items).toString()) as PrescriptionItem[],
  issueTime: row.issue_time,
  expireTime: row.expire_time,
});
