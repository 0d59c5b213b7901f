import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { counter } from "@medconnect/platform/telemetry/metrics.ts";
import type { Clinical } from "../app.ts";
import {
  abandonReasonContext,
  type ConsultationRow,
  consultationEvents,
  factsOf,
  notesContext,
} from "./consultation.ts";
import { latePartyAfter, type Step } from "./consultation-rules.ts";
import { saveConsultation } from "./consultation-store.ts";

const transitions = counter("consultation.transitions", "Consultations that came to a status");

/** The locked consultation after a step. */
export function move(app: Clinical, row: ConsultationRow, step: Step, now: Date): ConsultationRow {
  return {
    ...row,
    status: step.to,
    movedBy: step.by,
    version: row.version + 1,
    startedTime: step.to === "IN_PROGRESS" ? now : row.startedTime,
    endedTime: row.status === "IN_PROGRESS" ? now : row.endedTime,
    // Joining the waiting room accepts the time.
    movePending: step.to === "WAITING" ? 0 : row.movePending,
    joinTime: step.to === "WAITING" ? now : row.joinTime,
    lateParty: latePartyAfter(factsOf(row, app.cipher), step, now, app),
    noShowParty: step.to === "NO_SHOW" ? step.party : null,
    ...writtenDown(row, step, app.cipher),
  };
}

/** Saves a consultation that has moved. @returns what to tell of it */
export function saveMove(tx: Transaction, before: ConsultationRow, moved: ConsultationRow): AuditEntry {
  saveConsultation(tx, moved);
  tx.afterCommit(() => transitions({ to: moved.status }));
  return {
    resource: `consultations/${moved.id}`,
    subjectIds: [moved.patientId, moved.doctorId],
    events: consultationEvents(before, moved),
  };
}

function writtenDown(row: ConsultationRow, step: Step, cipher: FieldCipher): Partial<ConsultationRow> {
  switch (step.to) {
    case "COMPLETED":
      return step.notes === undefined ? {} : { notes: cipher.encrypt(notesContext(row), step.notes) };
    case "ABANDONED":
      return step.reason === undefined
        ? {}
        : { abandonReason: cipher.encrypt(abandonReasonContext(row), step.reason) };
    default:
      return {};
  }
}
