import type { BookingState_CloseOutcome } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { ConsultationFacts, Transition } from "../consultations/consultation-rules.ts";

/**
 * Transition of a consultation whose booking was cancelled; undefined if the consultation has ended already.
 */
export function cancellationTransition({
  status,
}: Pick<ConsultationFacts, "status">): Transition | undefined {
  switch (status) {
    case "SCHEDULED":
    case "WAITING":
      return { to: "CANCELLED", by: "SERVICE" };
    case "IN_PROGRESS":
      return { to: "ABANDONED", by: "SERVICE" };
    default:
      return undefined;
  }
}

/** Outcome that an admin gave a booking by closing it, and the times of the booking. */
export interface Closing {
  outcome: Exclude<BookingState_CloseOutcome, "CLOSE_OUTCOME_UNSPECIFIED">;
  startTime: Date;
  endTime: Date;
  movePending: boolean;
}

type ClosableFacts = Pick<ConsultationFacts, "status" | "startTime" | "endTime" | "noShowParty">;

/**
 * Transition of a consultation whose booking an admin closed; undefined if the closing cannot end the
 * consultation (see `isOpen`).
 */
export function closingTransition(consultation: ClosableFacts, closing: Closing): Transition | undefined {
  if (!isOpen(consultation, closing)) return undefined;
  switch (closing.outcome) {
    case "COMPLETED":
      return { to: "COMPLETED", by: "ADMIN" };
    case "NO_SHOW_PATIENT":
      return { to: "NO_SHOW", by: "ADMIN", party: "PATIENT" };
    case "NO_SHOW_DOCTOR":
      return { to: "NO_SHOW", by: "ADMIN", party: "DOCTOR" };
    case "NO_SHOW_BOTH":
      return { to: "NO_SHOW", by: "ADMIN", party: "BOTH" };
  }
}

/**
 * True if an admin's closing of the booking can end the consultation: it has not ended, or ended in a no-show
 * that no longer counts. A no-show no longer counts if it was recorded for an earlier time of the booking, or
 * for a time that the patient had not accepted.
 */
function isOpen({ status, startTime, endTime, noShowParty }: ClosableFacts, closing: Closing): boolean {
  switch (status) {
    case "SCHEDULED":
    case "WAITING":
    case "IN_PROGRESS":
      return true;
    case "NO_SHOW":
      return (
        startTime.getTime() !== closing.startTime.getTime() ||
        endTime.getTime() !== closing.endTime.getTime() ||
        (closing.movePending && noShowParty === "PATIENT")
      );
    default:
      return false;
  }
}
