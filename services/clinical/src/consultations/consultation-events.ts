import type { NewEvent } from "@medconnect/platform/outbox/event.ts";
import type { Consultation_Status } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { ConsultationState } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { ConsultationRow } from "./consultation.ts";

type ConsultationEventType = `consultation.${string}`;

/**
 * Event types by the new status of a consultation. Other services do not need the statuses that are absent.
 */
const EVENT_TYPES: Partial<Record<Consultation_Status, ConsultationEventType>> = {
  IN_PROGRESS: "consultation.started",
  COMPLETED: "consultation.completed",
  NO_SHOW: "consultation.no_show",
  ABANDONED: "consultation.abandoned",
};

/**
 * Event of a transition; none if no other service needs it. When a patient joins, an event is sent only if
 * they thereby accept a reschedule. If the consultation ends because its booking was cancelled or closed,
 * none is sent, because scheduling has decided about the fee and informed billing.
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
