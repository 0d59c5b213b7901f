import type { ConsultationSnapshot } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { CLOSE_WITHIN_MS, type Disagreement, type ReconciledBooking, type Remedy } from "./disagreement.ts";

/** Finds disagreements of a booking with its consultation. */
export function evaluateConsultation(
  booking: ReconciledBooking,
  consultation: ConsultationSnapshot | undefined,
  now: Date,
): Disagreement[] {
  switch (booking.status) {
    case "CONFIRMED":
      return evaluateConfirmed(booking, consultation, now);
    case "CANCELLED":
      return consultation ? evaluateCancelled(booking, consultation) : [];
    case "COMPLETED":
    case "NO_SHOW":
      if (booking.closed && !consultation?.closedByAdmin && consultation?.status !== "CANCELLED")
        return [{ kind: "CONSULTATION_LIVE_FOR_CLOSED", remedy: { send: "closed" } }];
      if (consultation?.status !== booking.status) return [{ kind: "OUTCOME_DIFFERS" }];
      return isAsBooked(consultation, booking) ? [] : [{ kind: "CONSULTATION_TIMES_DIFFER" }];
    default:
      return consultation ? [{ kind: "CONSULTATION_UNEXPECTED" }] : [];
  }
}

function evaluateConfirmed(
  booking: ReconciledBooking,
  consultation: ConsultationSnapshot | undefined,
  now: Date,
): Disagreement[] {
  if (!consultation) return [{ kind: "CONSULTATION_MISSING", remedy: { send: "confirmed" } }];
  switch (consultation.status) {
    case "SCHEDULED":
    case "WAITING":
      return isAsBooked(consultation, booking)
        ? [...evaluateAcceptance(booking, consultation), ...evaluateOpen(booking, now)]
        : [{ kind: "CONSULTATION_TIMES_DIFFER", remedy: { send: "rescheduled" } }];
    case "IN_PROGRESS":
      if (!booking.started)
        return [{ kind: "CONSULTATION_NOT_HEARD", remedy: { apply: "consultation.started" } }];
      // The booking was moved while the consultation started. The end of the consultation will move the
      // booking back, so nothing is repaired.
      return isAsBooked(consultation, booking)
        ? evaluateOpen(booking, now)
        : [{ kind: "CONSULTATION_TIMES_DIFFER" }];
    default:
      return [{ kind: "CONSULTATION_CANCELLED_FOR_CONFIRMED" }];
  }
}

/**
 * Reports if scheduling and clinical disagree on whether the patient has accepted the last move. A patient in
 * the waiting room has accepted the move by joining.
 */
function evaluateAcceptance(
  { movePending }: ReconciledBooking,
  consultation: ConsultationSnapshot,
): Disagreement[] {
  if (movePending === consultation.movePending) return [];
  const kind = "MOVE_ACCEPTANCE_DIFFERS";
  if (!movePending) return [{ kind, remedy: { send: "move_accepted" } }];
  const remedy: Remedy =
    consultation.status === "WAITING" ? { apply: "consultation.joined" } : { send: "rescheduled" };
  return [{ kind, remedy }];
}

/**
 * Reports a consultation that nobody closed in time. If the consultation stays open, billing captures the fee
 * before the authorization expires, even if the consultation did not take place.
 */
const evaluateOpen = ({ endTime }: ReconciledBooking, now: Date): Disagreement[] =>
  endTime.getTime() + CLOSE_WITHIN_MS <= now.getTime() ? [{ kind: "CONSULTATION_NOT_CLOSED" }] : [];

export const isAsBooked = (consultation: ConsultationSnapshot, booking: ReconciledBooking): boolean =>
  isAt(consultation.startTime, booking.startTime) && isAt(consultation.endTime, booking.endTime);

const isAt = (time: Date | undefined, expected: Date): boolean => time?.getTime() === expected.getTime();

function evaluateCancelled({ started }: ReconciledBooking, { status }: ConsultationSnapshot): Disagreement[] {
  switch (status) {
    case "CANCELLED":
    case "ABANDONED":
      return [];
    case "COMPLETED":
    case "NO_SHOW":
      // A cancelled booking can have such a consultation if the consultation ended before clinical learned of
      // the cancellation. But if scheduling knew that the consultation had started, the booking should not
      // have been cancelled.
      return started ? [{ kind: "OUTCOME_DIFFERS" }] : [];
    default:
      return [{ kind: "CONSULTATION_LIVE_FOR_CANCELLED", remedy: { send: "cancelled" } }];
  }
}
