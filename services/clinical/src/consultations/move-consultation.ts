import type { Trail } from "@medconnect/platform/changes.ts";
import type { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { counter } from "@medconnect/platform/telemetry/metrics.ts";
import { abandonReasonPlace, consultationEvents, notesPlace } from "./consultation.ts";
import type { Step } from "./consultation-rules.ts";
import { type ConsultationRow, saveConsultation } from "./consultation-store.ts";

const transitions = counter("consultation.transitions", "Consultations that came to a status");

/** The locked consultation after a step. */
export function move(row: ConsultationRow, step: Step, now: Date, box: SealedBox): ConsultationRow {
  return {
    ...row,
    status: step.to,
    moved_by: step.by,
    version: row.version + 1,
    started_time: step.to === "IN_PROGRESS" ? now : row.started_time,
    ended_time: row.status === "IN_PROGRESS" ? now : row.ended_time,
    // Who comes to the waiting room accepts the time.
    move_pending: step.to === "WAITING" ? 0 : row.move_pending,
    no_show_party: step.to === "NO_SHOW" ? step.party : null,
    ...writtenDown(row.id, step, box),
  };
}

/** Saves a consultation that has moved. @returns what to tell of it */
export function saveMove(tx: Transaction, before: ConsultationRow, moved: ConsultationRow): Trail {
  saveConsultation(tx, moved);
  tx.afterCommit(() => transitions({ to: moved.status }));
  return {
    resource: `consultations/${moved.id}`,
    subjectIds: [moved.patient_id, moved.doctor_id],
    events: consultationEvents(before, moved),
  };
}

function writtenDown(id: string, step: Step, box: SealedBox): Partial<ConsultationRow> {
  switch (step.to) {
    case "COMPLETED":
      return step.notes === undefined ? {} : { notes: box.seal(notesPlace(id), step.notes) };
    case "ABANDONED":
      return step.reason === undefined
        ? {}
        : { abandon_reason: box.seal(abandonReasonPlace(id), step.reason) };
    default:
      return {};
  }
}
