import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { count } from "@medconnect/platform/stats/daily-totals-store.ts";
import { counter } from "@medconnect/platform/telemetry/metrics.ts";
import type { Clinical } from "../app.ts";
import { abandonReasonContext, type ConsultationRow, factsOf, notesContext } from "./consultation.ts";
import { consultationEvents } from "./consultation-events.ts";
import { latePartyAfter, type Transition } from "./consultation-rules.ts";
import { saveConsultation } from "./consultation-store.ts";

const transitions = counter("consultation.transitions", "Transitions of consultations, by new status");

/** Returns a locked consultation as it is after a transition, without saving it. */
export function afterTransition(
  app: Clinical,
  row: ConsultationRow,
  transition: Transition,
  now: Date,
): ConsultationRow {
  const { to, by } = transition;
  return {
    ...row,
    status: to,
    transitionedBy: by,
    version: row.version + 1,
    startedTime: to === "IN_PROGRESS" ? now : row.startedTime,
    endedTime: row.status === "IN_PROGRESS" ? now : row.endedTime,
    // A patient who joins the waiting room thereby accepts a rescheduled time.
    movePending: to !== "WAITING" && row.movePending,
    joinTime: to === "WAITING" ? now : row.joinTime,
    lateParty: latePartyAfter(factsOf(row, app.cipher), transition, now, app),
    noShowParty: to === "NO_SHOW" ? transition.party : null,
    ...textsOf(row, transition, app.cipher),
  };
}

/** Saves and counts a transition. @returns its audit entry, with the event for other services */
export function saveTransition(
  tx: Transaction,
  before: ConsultationRow,
  after: ConsultationRow,
  now: Date,
): AuditEntry {
  saveConsultation(tx, after);
  if (after.status === "COMPLETED") count(tx, [{ figure: "CONSULTATIONS_COMPLETED", time: now }]);
  tx.afterCommit(() => transitions({ to: after.status }));
  return {
    resource: `consultations/${after.id}`,
    subjectIds: [after.patientId, after.doctorId],
    events: consultationEvents(before, after),
  };
}

/** Encrypted texts that a transition adds. */
function textsOf(
  row: ConsultationRow,
  transition: Transition,
  cipher: FieldCipher,
): Partial<ConsultationRow> {
  switch (transition.to) {
    case "COMPLETED":
      return transition.notes === undefined
        ? {}
        : { notes: cipher.encrypt(notesContext(row), transition.notes) };
    case "ABANDONED":
      return transition.reason === undefined
        ? {}
        : { abandonReason: cipher.encrypt(abandonReasonContext(row), transition.reason) };
    default:
      return {};
  }
}
