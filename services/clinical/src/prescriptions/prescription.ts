import type { Access } from "@medconnect/platform/audit/recorder.ts";
import type { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import type {
  Prescription,
  PrescriptionItem,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import type { Owned } from "../access.ts";
import { statusAt } from "./prescription-rules.ts";
import type { ListedPrescription, PrescriptionRow } from "./prescription-store.ts";

/** Where a prescription's sealed parts lie, and whose they are: for other people, they do not open. */
export const contentPlace = ({ id, patient_id, doctor_id }: Owned): string =>
  `prescriptions.content:${id}:${patient_id}:${doctor_id}`;
export const itemsPlace = ({ id, patient_id, doctor_id }: Owned): string =>
  `prescriptions.items:${id}:${patient_id}:${doctor_id}`;
export const endReasonPlace = ({ id, patient_id, doctor_id }: Owned): string =>
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
export const endReasonOf = (row: PrescriptionRow, box: SealedBox): string | undefined =>
  row.end_reason && row.status !== "ACTIVE"
    ? box.open(endReasonPlace(row), row.end_reason).toString()
    : undefined;

/** The prescription for its patient and doctor. */
export const toPrescription = (row: PrescriptionRow, now: Date, box: SealedBox): Prescription => ({
  ...toPrescriptionWithoutTexts(row, now),
  content: box.open(contentPlace(row), row.content).toString(),
  items: JSON.parse(box.open(itemsPlace(row), row.items).toString()) as PrescriptionItem[],
  endReason: endReasonOf(row, box),
});
