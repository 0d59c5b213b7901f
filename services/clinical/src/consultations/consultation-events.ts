import type { NewEvent } from "@medconnect/platform/outbox/event.ts";
import type { Consultation_Status } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { ConsultationState } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { ConsultationRow } from "./consultation.ts";

type ConsultationEventType = `consultation.${string}`;

/**
 * Event types by the new status of a consultation. For all other statuses, no event is sent, because no other
 * service needs it.
 */
const EVENT_TYPES: Partial<Record<Consultation_Status, ConsultationEventType>> = {
  IN_PROGRESS: "consultation.started",
  COMPLETED: "consultation.completed",
  NO_SHOW: "consultation.no_show",
  ABANDONED: "consultation.abandoned",
};

/**
 * Returns the event to send after a transition, or no event. When a patient joins, an event is sent only if
 * the patient thereby accepts a reschedule. If the consultation ends because its booking was cancelled or
 * closed, no event is sent: scheduling has already decided about the fee and informed billing.
 */
export function consultationEvents(before: ConsultationRow, after: ConsultationRow): NewEvent[] {
  const { status, transitionedBy } = after;
  const type = before.movePending > after.movePending ? "consultation.joined" : EVENT_TYPES[status];
  const followsBooking =
    transitionedBy === "ADMIN" || (status === "ABANDONED" && transitionedBy === "SERVICE");
  return type && !followsBooking ? [eventOf(type, after)] : [];
}

/** An event with the consultation's state. */
export function eventOf(type: ConsultationEventType, row: ConsultationRow): NewEvent {
  const consultation: ConsultationState = {
    bookingId: row.bookingId,
    paymentId: row.paymentId ?? "",
    noShowParty: row.noShowParty ?? "PARTY_UNSPECIFIED",
    lateParty: row.lateParty ?? "PARTY_UNSPECIFIED",
    startTime: row.startTime,
    endTime: row.endTime,
  };
  return {
    type,
    aggregateId: row.id,
    version: row.version,
    state: { $case: "consultation", value: consultation },
  };
}
