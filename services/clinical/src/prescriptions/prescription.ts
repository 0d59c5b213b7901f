import type { Access } from "@medconnect/platform/audit/recorder.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type {
  Prescription,
  PrescriptionItem,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import type { Owned } from "../access/parties.ts";
import { statusAt } from "./prescription-rules.ts";
import type { ListedPrescription, PrescriptionRow } from "./prescription-store.ts";

/** Where a prescription's sealed parts lie, and whose they are: for other people, they do not open. */
export const contentContext = ({ id, patient_id, doctor_id }: Owned): string =>
  `prescriptions.content:${id}:${patient_id}:${doctor_id}`;
export const itemsContext = ({ id, patient_id, doctor_id }: Owned): string =>
  `prescriptions.items:${id}:${patient_id}:${doctor_id}`;
export const endReasonContext = ({ id, patient_id, doctor_id }: Owned): string =>
  `prescriptions.end_reason:${id}:${patient_id}:${doctor_id}`;

/** Audit access to a prescription. */
export const accessTo = (row: Pick<PrescriptionRow, "id" | "patient_id">): Access => ({
  resource: `prescriptions/${row.id}`,
  subjectIds: [row.patient_id],
});

/** The prescription without its texts, for lists, because a page has to fit into an answer. */
export const toPrescriptionWithoutTexts = (row: ListedPrescription, now: Date): Prescription => ({
  id: row.id,
  consultationId: row.consultation_id,
  patientId: row.patient_id,
  patientName: row.patient_name ?? "",
  doctorId: row.doctor_id,
  doctorName: row.doctor_name ?? "",
  status: statusAt({ status: row.status, expireTime: row.expire_time }, now),
  content: undefined,
  items: [],
  issueTime: row.issue_time,
  expireTime: row.expire_time,
  endReason: undefined,
  endTime: row.end_time ?? undefined,
});

/** The prescription for an admin without a grant, who needs ids, status and times only. */
export const toPrescriptionOfDoctor = (row: ListedPrescription, now: Date): Prescription => ({
  ...toPrescriptionWithoutTexts(row, now),
  consultationId: "",
  patientName: "",
  doctorName: "",
});

/** Reason of the end; undefined without one. In an active prescription a text is foreign, and must not stop its end. */
export const endReasonOf = (row: PrescriptionRow, cipher: FieldCipher): string | undefined =>
  row.end_reason && row.status !== "ACTIVE"
    ? cipher.decrypt(endReasonContext(row), row.end_reason).toString()
    : undefined;

/** The prescription for its patient and doctor. */
export const toPrescription = (row: PrescriptionRow, now: Date, cipher: FieldCipher): Prescription => ({
  ...toPrescriptionWithoutTexts(row, now),
  content: cipher.decrypt(contentContext(row), row.content).toString(),
  items: JSON.parse(cipher.decrypt(itemsContext(row), row.items).toString()) as PrescriptionItem[],
  endReason: endReasonOf(row, cipher),
});
