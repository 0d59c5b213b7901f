import type { ConsultationState } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { BookingRow } from "./booking.ts";
import { type FeeDecision, NOT_CLOSED } from "./booking-rules.ts";

/**
 * Change of a booking by an event of its consultation. `row` is the booking after the change, but the caller
 * has to increment its `version`.
 */
export interface Change {
  action: string;
  row: BookingRow;
}

/** Events that end a consultation. */
const ENDS = ["consultation.completed", "consultation.no_show", "consultation.abandoned"] as const;
type End = (typeof ENDS)[number];

const isEnd = (type: string): type is End => ENDS.some((end) => end === type);

/**
 * Decides about the fee when a consultation ends. The fee is charged if the consultation took place and the
 * doctor was not late, or if only the patient did not come.
 */
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

const start = (row: BookingRow): Change => ({
  action: "booking.begin",
  row: { ...row, started: true, movePending: false },
});

/**
 * Effect of each event on a confirmed booking. Billing learns of a no-show from scheduling, and of every
 * other end from clinical.
 */
const COURSES = {
  "consultation.joined": (row) => ({ action: "booking.accept_move", row: { ...row, movePending: false } }),
  "consultation.started": start,
  // Only a consultation that has started can be overdue. If the event of the start arrives after this one,
  // the inbox skips it as outdated.
  "consultation.overdue": start,
  "consultation.completed": (row, consultation) => ({
    action: "booking.complete",
    row: {
      ...row,
      status: "COMPLETED",
      feeDecision: feeOfEnd("consultation.completed", consultation),
      movePending: false,
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
      movePending: false,
    },
  }),
} as const satisfies Record<string, (row: BookingRow, consultation: ConsultationState, now: Date) => Change>;

export type Course = keyof typeof COURSES;

/**
 * Returns the change of a booking by an event of its consultation; undefined if the event changes nothing.
 */
export function changeBy(
  type: Course,
  consultation: ConsultationState,
  row: BookingRow,
  now: Date,
): Change | undefined {
  const change = isMoot(type, consultation, row) ? undefined : COURSES[type](row, consultation, now);
  if (row.status === "CONFIRMED") return change;
  if (!isEnd(type)) return undefined;
  // The booking had ended before this event, so scheduling and clinical have both decided about the fee.
  // Billing may receive their decisions in any order, so a release overrides a charge.
  const isReleased = feeOfEnd(type, consultation) === "RELEASE" && row.feeDecision === "CHARGE";
  const feeDecision = isReleased ? "RELEASE" : row.feeDecision;
  // An admin closed the booking before scheduling learned that its consultation had ended. Clinical ignores
  // the closing of an ended consultation. So in scheduling, too, the end of the consultation replaces the
  // closing.
  if (row.closeOutcome !== null && change)
    return { ...change, row: { ...change.row, ...NOT_CLOSED, feeDecision } };
  return isReleased ? { action: "booking.return_fee", row: { ...row, feeDecision } } : undefined;
}

/**
 * True if the event must not change the booking. Either scheduling already knows what the event reports, or
 * clinical sent the event before it learned that the booking was moved. A no-show has no effect if it was
 * recorded for the time before the move, or if the patient missed a time that they had not accepted. Clinical
 * reopens such a consultation when it applies the move. A patient who joined at the old time has not accepted
 * the new time.
 */
function isMoot(type: Course, consultation: ConsultationState, row: BookingRow): boolean {
  switch (type) {
    case "consultation.started":
    case "consultation.overdue":
      return row.started;
    case "consultation.joined":
      return wasMoved(row, consultation) || !row.movePending;
    case "consultation.no_show":
      return wasMoved(row, consultation) || (row.movePending && consultation.noShowParty === "PATIENT");
    default:
      return false;
  }
}

/**
 * True if the booking's times differ from the consultation's times in the event. Events of older releases
 * have no times, so the result is false.
 */
export function wasMoved(row: BookingRow, { startTime, endTime }: ConsultationState): boolean {
  if (!startTime || !endTime) return false;
  return row.startTime.getTime() !== startTime.getTime() || row.endTime.getTime() !== endTime.getTime();
}
