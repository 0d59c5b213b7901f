import type { Access } from "@medconnect/platform/audit/recorder.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type {
  Prescription,
  Prescription_Status,
  PrescriptionItem,
} from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";
import type { Owned } from "../access/parties.ts";
import { statusAt } from "./prescription-rules.ts";

/** A prescription as read from the database, with its texts encrypted. */
export interface PrescriptionRow {
  id: string;
  consultationId: string;
  patientId: string;
  /** The patient's name when the prescription was issued; null if unknown. */
  patientName: string | null;
  doctorId: string;
  /** The doctor's name when the prescription was issued; null if unknown. */
  doctorName: string | null;
  status: Prescription_Status;
  /** Ciphertext. */
  content: Buffer;
  /** Ciphertext of JSON. */
  items: Buffer;
  issueTime: Date;
  expireTime: Date;
  /** Actor who stopped or cancelled the prescription; null if nobody did. */
  endedBy: string | null;
  endTime: Date | null;
  /** Ciphertext. */
  endReason: Buffer | null;
}

/** A prescription in a list. Lists neither read nor return the texts of a prescription. */
export type ListedPrescription = Omit<PrescriptionRow, "content" | "items" | "endReason">;

/**
 * Encryption contexts of a prescription's texts. They contain the ids of patient and doctor. So the texts
 * cannot be decrypted if somebody changes the patient or doctor in the row.
 */
export const contentContext = ({ id, patientId, doctorId }: Owned): string =>
  `prescriptions.content:${id}:${patientId}:${doctorId}`;
export const itemsContext = ({ id, patientId, doctorId }: Owned): string =>
  `prescriptions.items:${id}:${patientId}:${doctorId}`;
export const endReasonContext = ({ id, patientId, doctorId }: Owned): string =>
  `prescriptions.end_reason:${id}:${patientId}:${doctorId}`;

/** A read of a prescription, for the audit trail. */
export const accessTo = (row: Pick<PrescriptionRow, "id" | "patientId">): Access => ({
  resource: `prescriptions/${row.id}`,
  subjectIds: [row.patientId],
});

/** Converts a row for a list. The result has no texts, because the size of a response is limited. */
export const toPrescriptionWithoutTexts = (row: ListedPrescription, now: Date): Prescription => ({
  id: row.id,
  consultationId: row.consultationId,
  patientId: row.patientId,
  patientName: row.patientName ?? "",
  doctorId: row.doctorId,
  doctorName: row.doctorName ?? "",
  status: statusAt(row, now),
  content: undefined,
  items: [],
  issueTime: row.issueTime,
  expireTime: row.expireTime,
  endReason: undefined,
  endTime: row.endTime ?? undefined,
});

/** Ids, status and times of a prescription, for an admin without a break-glass grant for the patient. */
export const toPrescriptionSummary = (row: ListedPrescription, now: Date): Prescription => ({
  ...toPrescriptionWithoutTexts(row, now),
  consultationId: "",
  patientName: "",
  doctorName: "",
});

/**
 * Reason why a prescription was ended; undefined for an active prescription. If an active prescription has a
 * text, somebody put the text into the database. Such a text is not decrypted, because a failed decryption
 * would make it impossible to end the prescription.
 */
export const endReasonOf = (row: PrescriptionRow, cipher: FieldCipher): string | undefined =>
  row.endReason && row.status !== "ACTIVE"
    ? cipher.decrypt(endReasonContext(row), row.endReason).toString()
    : undefined;

export const toPrescription = (row: PrescriptionRow, now: Date, cipher: FieldCipher): Prescription => ({
  ...toPrescriptionWithoutTexts(row, now),
  content: cipher.decrypt(contentContext(row), row.content).toString(),
  items: JSON.parse(cipher.decrypt(itemsContext(row), row.items).toString()) as PrescriptionItem[],
  endReason: endReasonOf(row, cipher),
});
