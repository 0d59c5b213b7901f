import { etagOf } from "@medconnect/platform/api/update-mask.ts";
import type { Access } from "@medconnect/platform/audit/recorder.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type {
  Consultation,
  Consultation_Status,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Owned } from "../access/parties.ts";
import type { AddendumRow } from "./addendum.ts";
import { toAddendum } from "./addendum.ts";
import type { Actor, ConsultationFacts, Party } from "./consultation-rules.ts";

/** A consultation as read from the database, with its texts encrypted. */
export interface ConsultationRow {
  id: string;
  bookingId: string;
  paymentId: string | null;
  patientId: string;
  /** The patient's current name until the consultation ends, then the name at its end; null if unknown. */
  patientName: string | null;
  doctorId: string;
  /** The doctor's current name until the consultation ends, then the name at its end; null if unknown. */
  doctorName: string | null;
  status: Consultation_Status;
  transitionedBy: Actor;
  startTime: Date;
  endTime: Date;
  startedTime: Date | null;
  endedTime: Date | null;
  /** Ciphertext. */
  notes: Buffer | null;
  /** Ciphertext. */
  abandonReason: Buffer | null;
  noShowParty: Party | null;
  doctorReadyTime: Date | null;
  joinTime: Date | null;
  lateParty: Party | null;
  /** True while the patient has not accepted the last reschedule. */
  movePending: boolean;
  /** Time at which clinical reported the consultation as overdue; null if it has not. */
  overdueTime: Date | null;
  /** Last day of the doctor's verified licences; null without a verified licence. */
  licensedUntil: Date | null;
  version: number;
}

/** A consultation in a list. Lists neither read nor return the texts of a consultation. */
export type ListedConsultation = Omit<ConsultationRow, "notes" | "abandonReason" | "licensedUntil"> & {
  addendaCount: number;
};

/** Ids that a consultation gets from its booking. They never change. */
export type ConsultationIds = Pick<
  ConsultationRow,
  "id" | "bookingId" | "paymentId" | "patientId" | "doctorId"
>;

/**
 * Encryption contexts of a consultation's texts. They contain the ids of patient and doctor. So the texts
 * cannot be decrypted if somebody changes the patient or doctor in the row.
 */
export const notesContext = ({ id, patientId, doctorId }: Owned): string =>
  `consultations.notes:${id}:${patientId}:${doctorId}`;
export const abandonReasonContext = ({ id, patientId, doctorId }: Owned): string =>
  `consultations.abandon_reason:${id}:${patientId}:${doctorId}`;

/** The doctor's notes; empty before the consultation is completed. */
export const notesOf = (row: Owned & Pick<ConsultationRow, "notes">, cipher: FieldCipher): string =>
  row.notes ? cipher.decrypt(notesContext(row), row.notes).toString() : "";

export const factsOf = (row: ConsultationRow, cipher: FieldCipher): ConsultationFacts => ({
  status: row.status,
  transitionedBy: row.transitionedBy,
  startTime: row.startTime,
  endTime: row.endTime,
  notes: notesOf(row, cipher),
  abandonReason:
    row.abandonReason && row.status === "ABANDONED"
      ? cipher.decrypt(abandonReasonContext(row), row.abandonReason).toString()
      : "",
  noShowParty: row.noShowParty,
  doctorReadyTime: row.doctorReadyTime,
  joinTime: row.joinTime,
  lateParty: row.lateParty,
  movePending: row.movePending,
  licensedUntil: row.licensedUntil,
});

/** Converts a row for a list. The result has no texts, because the size of a response is limited. */
export const toConsultationWithoutTexts = (row: ListedConsultation): Consultation => ({
  id: row.id,
  bookingId: row.bookingId,
  patientId: row.patientId,
  patientName: row.patientName ?? "",
  doctorId: row.doctorId,
  doctorName: row.doctorName ?? "",
  status: row.status,
  startTime: row.startTime,
  endTime: row.endTime,
  startedTime: row.startedTime ?? undefined,
  endedTime: row.endedTime ?? undefined,
  notes: undefined,
  noShowParty: row.noShowParty ?? undefined,
  doctorReadyTime: row.doctorReadyTime ?? undefined,
  lateParty: row.lateParty ?? undefined,
  closedByAdmin: row.transitionedBy === "ADMIN",
  addenda: [],
  // A completed consultation's version is final, so adding the addenda count keeps the ETag unique.
  etag: etagOf(row.version + Number(row.addendaCount)),
});

export const toConsultation = (
  row: ConsultationRow,
  cipher: FieldCipher,
  addenda: AddendumRow[] = [],
): Consultation => ({
  ...toConsultationWithoutTexts({ ...row, addendaCount: addenda.length }),
  notes: notesOf(row, cipher),
  addenda: addenda.map((addendum) => toAddendum(addendum, row, cipher)),
});

/** A read of a consultation, for the audit trail. */
export const accessTo = (row: Pick<ConsultationRow, "id" | "patientId">): Access => ({
  resource: `consultations/${row.id}`,
  subjectIds: [row.patientId],
});
