import type { ConsultationState } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { type BookingRow, NOT_CLOSED } from "./booking.ts";
import type { FeeDecision } from "./booking-rules.ts";

/** A booking after a consultation's event, before its next version. */
export interface Change {
  action: string;
  row: BookingRow;
}

/** Events that end a consultation. */
const ENDS = ["consultation.completed", "consultation.no_show", "consultation.abandoned"] as const;
type End = (typeof ENDS)[number];

const isEnd = (type: string): type is End => ENDS.some((end) => end === type);

/** The fee is due if the doctor came in time and it took place, or if only the patient was missing. */
function feeOfEnd(type: End, { noShowParty, lateParty }: ConsultationState): FeeDecision {
  switch (type) {
    case "consultation.completed":
      return lateParty === "DOCTOR" ? "RELEASE" : "CHARGE";
    case "consultation.no_show":
      return noShowParty === "PATIENT" ? "CHARGE" : "RELEASE";
    case "consultation.abandoned":
      return "RELEASE";
  }
}

const begin = (row: BookingRow): Change => ({
  action: "booking.begin",
  row: { ...row, started: 1, movePending: 0 },
});

/** Effect of each event on a confirmed booking. Billing hears of the ends from clinical itself, except for no-shows. */
const COURSES = {
  "consultation.joined": (row) => ({ action: "booking.accept_move", row: { ...row, movePending: 0 } }),
  "consultation.started": begin,
  // Newer than its start, which is skipped if this arrives first.
  "consultation.overdue": begin,
  "consultation.completed": (row, consultation) => ({
    action: "booking.complete",
    row: {
      ...row,
      status: "COMPLETED",
      feeDecision: feeOfEnd("consultation.completed", consultation),
      movePending: 0,
    },
  }),
  "consultation.no_show": (row, consultation) => ({
    action: "booking.no_show",
    row: { ...row, status: "NO_SHOW", feeDecision: feeOfEnd("consultation.no_show", consultation) },
  }),
  "consultation.abandoned": (row, _, now) => ({
    action: "booking.cancel",
    row: {
      ...row,
      status: "CANCELLED",
      cancelTime: now,
      cancelledBy: "DOCTOR",
      feeDecision: "RELEASE",
      movePending: 0,
    },
  }),
} as const satisfies Record<string, (row: BookingRow, consultation: ConsultationState, now: Date) => Change>;

export type Course = keyof typeof COURSES;

/** Effect of a consultation's event on its booking; undefined if it has none. */
export function changeBy(
  type: Course,
  consultation: ConsultationState,
  row: BookingRow,
  now: Date,
): Change | undefined {
  const change = isMoot(type, consultation, row) ? undefined : COURSES[type](row, consultation, now);
  if (row.status === "CONFIRMED") return change;
  if (!isEnd(type)) return undefined;
  // Both services have decided about the fee, and billing gets both in any order: a release prevails.
  const isReturned = feeOfEnd(type, consultation) === "RELEASE" && row.feeDecision === "CHARGE";
  const feeDecision = isReturned ? "RELEASE" : row.feeDecision;
  // An admin closed it while it ended. Clinical had not applied the closing, and will skip it.
  if (row.closeOutcome !== null && change)
    return { ...change, row: { ...change.row, ...NOT_CLOSED, feeDecision } };
  return isReturned ? { action: "booking.return_fee", row: { ...row, feeDecision } } : undefined;
}

/**
 * True if the event changes nothing here: it is known already, or clinical had not applied a move of the booking yet. A
 * no-show at the old time, or of the patient at a time not accepted, is void: clinical reopens the consultation when it
 * applies the move. A patient who joins at one time accepts no other.
 */
function isMoot(type: Course, consultation: ConsultationState, row: BookingRow): boolean {
  switch (type) {
    case "consultation.started":
    case "consultation.overdue":
      return row.started === 1;
    case "consultation.joined":
      return wasMoved(row, consultation) || !row.movePending;
    case "consultation.no_show":
      return wasMoved(row, consultation) || (row.movePending === 1 && consultation.noShowParty === "PATIENT");
    default:
      return false;
  }
}

/** True if the booking's time differs from its consultation's, which an older clinical does not send. */
export function wasMoved(row: BookingRow, { startTime, endTime }: ConsultationState): boolean {
  if (!startTime || !endTime) return false;
  return row.startTime.getTime() !== startTime.getTime() || row.endTime.getTime() !== endTime.getTime();
}
