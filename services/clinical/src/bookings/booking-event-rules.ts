import type { BookingState_CloseOutcome } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { ConsultationFacts, Step } from "../consultations/consultation-rules.ts";

/** The step of a booking's cancellation: it ends a started consultation, but not an ended one. */
export function stepOfCancellation({ status }: Pick<ConsultationFacts, "status">): Step | undefined {
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

/** The closing of a booking by an admin. */
export interface Closing {
  outcome: Exclude<BookingState_CloseOutcome, "CLOSE_OUTCOME_UNSPECIFIED">;
  startTime: Date;
  endTime: Date;
  movePending: boolean;
}

/** The step that follows the closing of the booking; undefined for a consultation that has already ended. */
export function stepOfClosing(
  consultation: Pick<ConsultationFacts, "status" | "startTime" | "endTime" | "noShowParty">,
  closing: Closing,
): Step | undefined {
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

/** Includes a no-show at a time other than the booking's, or at one that the patient had not accepted. */
function isOpen(
  { status, startTime, endTime, noShowParty }: Parameters<typeof stepOfClosing>[0],
  closing: Closing,
): boolean {
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
