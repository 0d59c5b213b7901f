import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { counter } from "@medconnect/platform/telemetry/metrics.ts";
import type { Clinical } from "../app.ts";
import { abandonReasonContext, consultationEvents, factsOf, notesContext } from "./consultation.ts";
import { latePartyAfter, type Step } from "./consultation-rules.ts";
import { type ConsultationRow, saveConsultation } from "./consultation-store.ts";

const transitions = counter("consultation.transitions", "Consultations that came to a status");

/** The locked consultation after a step. */
export function move(app: Clinical, row: ConsultationRow, step: Step, now: Date): ConsultationRow {
  return {
    ...row,
    status: step.to,
    moved_by: step.by,
    version: row.version + 1,
    started_time: step.to === "IN_PROGRESS" ? now : row.started_time,
    ended_time: row.status === "IN_PROGRESS" ? now : row.ended_time,
    // Joining the waiting room accepts the time.
    move_pending: step.to === "WAITING" ? 0 : row.move_pending,
    join_time: step.to === "WAITING" ? now : row.join_time,
    late_party: latePartyAfter(factsOf(row, app.cipher), step, now, app),
    no_show_party: step.to === "NO_SHOW" ? step.party : null,
    ...writtenDown(row, step, app.cipher),
  };
}

/** Saves a consultation that has moved. @returns what to tell of it */
export function saveMove(tx: Transaction, before: ConsultationRow, moved: ConsultationRow): AuditEntry {
  saveConsultation(tx, moved);
  tx.afterCommit(() => transitions({ to: moved.status }));
  return {
    resource: `consultations/${moved.id}`,
    subjectIds: [moved.patient_id, moved.doctor_id],
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
        : { abandon_reason: cipher.encrypt(abandonReasonContext(row), step.reason) };
    default:
      return {};
  }
}
