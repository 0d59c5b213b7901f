import { etagOf } from "@medconnect/platform/api/update-mask.ts";
import type { Access } from "@medconnect/platform/audit/recorder.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { NewEvent } from "@medconnect/platform/outbox/event.ts";
import type {
  Consultation,
  Consultation_Status,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { ConsultationState } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Owned } from "../access/parties.ts";
import type { AddendumRow } from "./addendum.ts";
import { toAddendum } from "./addendum.ts";
import type { Actor, ConsultationFacts, Party } from "./consultation-rules.ts";

/** A consultation as its store reads it. */
export interface ConsultationRow {
  id: string;
  bookingId: string;
  paymentId: string | null;
  patientId: string;
  /** Current name until the end, then the name at the end; null if unknown. */
  patientName: string | null;
  doctorId: string;
  /** As `patientName`. */
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
  /** 1 while the patient has not accepted the last reschedule. */
  movePending: 0 | 1;
  /** Time of the event that the consultation is overdue. */
  overdueTime: Date | null;
  /** Last day of the doctor's verified licences; null without one. */
  licensedUntil: Date | null;
  version: number;
}

/** A consultation in lists, which neither read nor show its texts. */
export type ListedConsultation = Omit<ConsultationRow, "notes" | "abandonReason" | "licensedUntil"> & {
  addendaCount: number;
};

/** Ids of a consultation from its booking. They never change. */
export type ConsultationIds = Pick<
  ConsultationRow,
  "id" | "bookingId" | "paymentId" | "patientId" | "doctorId"
>;

/** Where a consultation's sealed texts lie, and whose they are: for other people, they do not open. */
export const notesContext = ({ id, patientId, doctorId }: Owned): string =>
  `consultations.notes:${id}:${patientId}:${doctorId}`;
export const abandonReasonContext = ({ id, patientId, doctorId }: Owned): string =>
  `consultations.abandon_reason:${id}:${patientId}:${doctorId}`;

/** The doctor's notes; empty before the consultation is completed. */
export const notesOf = (row: Owned & Pick<ConsultationRow, "notes">, cipher: FieldCipher): string =>
  row.notes ? cipher.decrypt(notesContext(row), row.notes).toString() : "";

/** Facts of a consultation that the rules use. */
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
  movePending: row.movePending === 1,
  licensedUntil: row.licensedUntil,
});

/** The consultation without its texts, for lists, because a page has to fit into an answer. */
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

/** The consultation for its patient and doctor. */
export const toConsultation = (
  row: ConsultationRow,
  cipher: FieldCipher,
  addenda: AddendumRow[] = [],
): Consultation => ({
  ...toConsultationWithoutTexts({ ...row, addendaCount: addenda.length }),
  notes: notesOf(row, cipher),
  addenda: addenda.map((addendum) => toAddendum(addendum, row, cipher)),
});

/** Audit access to a consultation. */
export const accessTo = (row: Pick<ConsultationRow, "id" | "patientId">): Access => ({
  resource: `consultations/${row.id}`,
  subjectIds: [row.patientId],
});

/** The statuses that others are told of; a patient who waits, or a cancelled booking, is no news to them. */
const NEWS: Partial<Record<Consultation_Status, string>> = {
  IN_PROGRESS: "consultation.started",
  COMPLETED: "consultation.completed",
  NO_SHOW: "consultation.no_show",
  ABANDONED: "consultation.abandoned",
};

/**
 * The event of a consultation's status, if other services need it. Joining causes one only if it accepts a move. An end by
 * its booking's cancellation or closing causes none: scheduling has decided about the fee and told billing itself.
 */
export function consultationEvents(before: ConsultationRow, row: ConsultationRow): NewEvent[] {
  const type = before.movePending > row.movePending ? "consultation.joined" : NEWS[row.status];
  const isFollowing =
    row.transitionedBy === "ADMIN" || (row.status === "ABANDONED" && row.transitionedBy === "SERVICE");
  return type && !isFollowing ? [eventOf(type, row)] : [];
}

/** An event of a consultation, with all state that other services need. */
export function eventOf(type: string, row: ConsultationRow): NewEvent {
  const consultation: ConsultationState = {
    bookingId: row.bookingId,
    paymentId: row.paymentId ?? "",
    noShowParty: row.noShowParty ?? "PARTY_UNSPECIFIED",
    lateParty: row.lateParty ?? "PARTY_UNSPECIFIED",
    startTime: row.startTime,
    endTime: row.endTime,
  };
  return {
    type,
    aggregateId: row.id,
    version: row.version,
    state: { $case: "consultation", value: consultation },
  };
}
