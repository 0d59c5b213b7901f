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
import { toAddendum } from "./addendum.ts";
import type { AddendumRow } from "./addendum-store.ts";
import type { ConsultationFacts } from "./consultation-rules.ts";
import type { ConsultationRow, ListedConsultation } from "./consultation-store.ts";

/** Where a consultation's sealed texts lie, and whose they are: for other people, they do not open. */
export const notesContext = ({ id, patient_id, doctor_id }: Owned): string =>
  `consultations.notes:${id}:${patient_id}:${doctor_id}`;
export const abandonReasonContext = ({ id, patient_id, doctor_id }: Owned): string =>
  `consultations.abandon_reason:${id}:${patient_id}:${doctor_id}`;

/** The doctor's notes; empty before the consultation is completed. */
export const notesOf = (row: Owned & Pick<ConsultationRow, "notes">, cipher: FieldCipher): string =>
  row.notes ? cipher.decrypt(notesContext(row), row.notes).toString() : "";

/** Facts of a consultation that the rules use. */
export const factsOf = (row: ConsultationRow, cipher: FieldCipher): ConsultationFacts => ({
  status: row.status,
  movedBy: row.moved_by,
  startTime: row.start_time,
  endTime: row.end_time,
  notes: notesOf(row, cipher),
  abandonReason:
    row.abandon_reason && row.status === "ABANDONED"
      ? cipher.decrypt(abandonReasonContext(row), row.abandon_reason).toString()
      : "",
  noShowParty: row.no_show_party,
  doctorReadyTime: row.doctor_ready_time,
  joinTime: row.join_time,
  lateParty: row.late_party,
  movePending: row.move_pending === 1,
  licensedUntil: row.licensed_until,
});

/** The consultation without its texts, for lists, because a page has to fit into an answer. */
export const toConsultationWithoutTexts = (row: ListedConsultation): Consultation => ({
  id: row.id,
  bookingId: row.booking_id,
  patientId: row.patient_id,
  patientName: row.patient_name ?? "",
  doctorId: row.doctor_id,
  doctorName: row.doctor_name ?? "",
  status: row.status,
  startTime: row.start_time,
  endTime: row.end_time,
  startedTime: row.started_time ?? undefined,
  endedTime: row.ended_time ?? undefined,
  notes: undefined,
  noShowParty: row.no_show_party ?? undefined,
  doctorReadyTime: row.doctor_ready_time ?? undefined,
  lateParty: row.late_party ?? undefined,
  closedByAdmin: row.moved_by === "ADMIN",
  addenda: [],
  // A completed consultation's version is final, so adding the addenda count keeps the ETag unique.
  etag: etagOf(row.version + Number(row.addenda_count)),
});

/** The consultation for its patient and doctor. */
export const toConsultation = (
  row: ConsultationRow,
  cipher: FieldCipher,
  addenda: AddendumRow[] = [],
): Consultation => ({
  ...toConsultationWithoutTexts({ ...row, addenda_count: addenda.length }),
  notes: notesOf(row, cipher),
  addenda: addenda.map((addendum) => toAddendum(addendum, row, cipher)),
});

/** Audit access to a consultation. */
export const accessTo = (row: Pick<ConsultationRow, "id" | "patient_id">): Access => ({
  resource: `consultations/${row.id}`,
  subjectIds: [row.patient_id],
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
  const type = before.move_pending > row.move_pending ? "consultation.joined" : NEWS[row.status];
  const isFollowing = row.moved_by === "ADMIN" || (row.status === "ABANDONED" && row.moved_by === "SERVICE");
  return type && !isFollowing ? [eventOf(type, row)] : [];
}

/** An event of a consultation, with all state that other services need. */
export function eventOf(type: string, row: ConsultationRow): NewEvent {
  const consultation: ConsultationState = {
    bookingId: row.booking_id,
    paymentId: row.payment_id ?? "",
    noShowParty: row.no_show_party ?? "PARTY_UNSPECIFIED",
    lateParty: row.late_party ?? "PARTY_UNSPECIFIED",
    startTime: row.start_time,
    endTime: row.end_time,
  };
  return {
    type,
    aggregateId: row.id,
    version: row.version,
    state: { $case: "consultation", value: consultation },
  };
}
