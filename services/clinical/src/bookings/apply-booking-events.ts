import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { assertOwnRow } from "@medconnect/platform/inbox/own-row.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import type { BookingState, Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Clinical } from "../app.ts";
import type { ConsultationIds, ConsultationRow } from "../consultations/consultation.ts";
import type { Transition } from "../consultations/consultation-rules.ts";
import { lockConsultations } from "../consultations/consultation-store.ts";
import { afterTransition, saveTransition } from "../consultations/transition.ts";
import {
  insertConsultations,
  type NewConsultation,
  rescheduleConsultations,
} from "./apply-booking-events-store.ts";
import { type Closing, cancellationTransition, closingTransition } from "./booking-event-rules.ts";

/**
 * booking.confirmed: creates the consultation under the id that the booking names. The handler reads nothing,
 * to be fast, because the patient's booking request waits for this event.
 */
export const applyBookingConfirmed: EventHandler<never, NewConsultation> = {
  decide: (_facts, event) => newConsultationOf(event),
  write: (tx, consultations) => {
    insertConsultations(tx, consultations);
    return consultations.map((row) => [entryOf(row, "consultation.create")]);
  },
};

const rescheduling = (action: string): EventHandler<never, NewConsultation> => ({
  decide: (_facts, event) => newConsultationOf(event),
  write: (tx, consultations) => {
    rescheduleConsultations(tx, consultations);
    return consultations.map((row) => [entryOf(row, action)]);
  },
});

/** booking.rescheduled: changes the time of the consultation. The patient may have to accept the new time. */
export const applyBookingRescheduled = rescheduling("consultation.reschedule");

/**
 * booking.move_accepted: records that the patient has accepted the new time. Also changes the time, because a
 * booking.rescheduled that arrives after this event is skipped as outdated.
 */
export const applyMoveAccepted = rescheduling("consultation.accept_move");

const entryOf = (row: NewConsultation, action: string): AuditEntry => ({
  action,
  resource: `consultations/${row.id}`,
  subjectIds: [row.patientId, row.doctorId],
});

/** booking.cancelled: cancels the consultation, or abandons it if it is in progress. */
export const applyBookingCancelled = (app: Clinical) =>
  endConsultations(app, {
    lock: lockByEvents,
    decide: (row) => {
      // A booking that was never confirmed has no consultation.
      const transition = row && cancellationTransition(row);
      if (!transition) return undefined;
      const action = transition.to === "CANCELLED" ? "consultation.cancel" : "consultation.abandon";
      return { row, transition, action };
    },
  });

/**
 * booking.closed: ends the consultation with the outcome that the admin chose, and gives it the booking's
 * times. A consultation that has ended already stays as it is, and scheduling learns of its end from
 * clinical's event. An unknown consultation is created, so that it can have addenda.
 */
export const applyBookingClosed = (app: Clinical) =>
  endConsultations(app, {
    lock: (tx, events) => {
      insertConsultations(tx, events.map(newConsultationOf));
      return lockByEvents(tx, events);
    },
    decide: (row, event) => {
      const closing = closingOf(stateOf(event, "booking"));
      const transition = row && closingTransition(row, closing);
      if (!transition) return undefined;
      const atBookingTime = { ...row, startTime: closing.startTime, endTime: closing.endTime };
      return { row: atBookingTime, transition, action: "consultation.close" };
    },
  });

interface Found {
  /** Undefined for an unknown consultation. */
  row: ConsultationRow | undefined;
}

/** A transition that is to be made, with its locked consultation. */
interface PlannedEnd {
  row: ConsultationRow;
  transition: Transition;
  action: string;
}

/** Handler of event types that each end a consultation. */
const endConsultations = (
  app: Clinical,
  {
    lock,
    decide,
  }: {
    lock: typeof lockByEvents;
    decide: (row: ConsultationRow | undefined, event: Event) => PlannedEnd | undefined;
  },
): EventHandler<Found, PlannedEnd> => ({
  lock,
  rowsOf: ({ row }) => (row ? [row.id] : []),
  decide: (found, event) => {
    const row = found?.row;
    if (row) assertOwnRow<ConsultationIds>(row, idsOf(event));
    return decide(row, event);
  },
  write: (tx, ends, now) =>
    ends.map(({ row, transition, action }) => {
      const after = afterTransition(app, row, transition, now);
      return [{ ...saveTransition(tx, row, after, now), action }];
    }),
});

async function lockByEvents(tx: Transaction, events: Event[]): Promise<Found[]> {
  const ids = events.map((event) => stateOf(event, "booking").consultationId);
  const rows = new Map((await lockConsultations(tx, ids)).map((row) => [row.id, row]));
  return ids.map((id) => ({ row: rows.get(id) }));
}

function closingOf(state: BookingState): Closing {
  const { closeOutcome: outcome, movePending } = state;
  if (outcome === "CLOSE_OUTCOME_UNSPECIFIED") throw new Error("a closed booking has no outcome");
  return { outcome, ...timesOf(state), movePending };
}

function newConsultationOf(event: Event): NewConsultation {
  const state = stateOf(event, "booking");
  return { ...idsOf(event), ...timesOf(state), movePending: state.movePending };
}

function timesOf({ startTime, endTime }: BookingState): { startTime: Date; endTime: Date } {
  if (!startTime || !endTime) throw new Error("a booking's event has no start or end");
  return { startTime, endTime };
}

function idsOf(event: Event): ConsultationIds {
  const { consultationId, paymentId, patientId, doctorId } = stateOf(event, "booking");
  return {
    id: consultationId,
    bookingId: event.aggregateId,
    paymentId: paymentId || null,
    patientId,
    doctorId,
  };
}
