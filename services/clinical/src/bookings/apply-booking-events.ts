import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { assertOwnRow } from "@medconnect/platform/inbox/own-row.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import type { BookingState, Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Clinical } from "../app.ts";
import type { ConsultationIds, ConsultationRow } from "../consultations/consultation.ts";
import type { Step } from "../consultations/consultation-rules.ts";
import { lockConsultations } from "../consultations/consultation-store.ts";
import { move, saveMove } from "../consultations/move-consultation.ts";
import {
  insertConsultations,
  moveConsultations,
  type NewConsultation,
} from "./apply-booking-events-store.ts";
import { type Closing, stepOfCancellation, stepOfClosing } from "./booking-event-rules.ts";

/** booking.confirmed: the consultation is made under the id that the booking names. Nothing is read, as a booking's answer waits for it. */
export const applyBookingConfirmed: EventHandler<never, NewConsultation> = {
  decide: (_facts, event) => toNewConsultation(event),
  write: (tx, consultations) => {
    insertConsultations(tx, consultations);
    return consultations.map((row) => [entryOf(row, "consultation.create")]);
  },
};

const follow = (action: string): EventHandler<never, NewConsultation> => ({
  decide: (_facts, event) => toNewConsultation(event),
  write: (tx, consultations) => {
    moveConsultations(tx, consultations);
    return consultations.map((row) => [entryOf(row, action)]);
  },
});

/** booking.rescheduled: the consultation moves to another time, which its patient may still have to accept. */
export const applyBookingRescheduled = follow("consultation.reschedule");

/** booking.move_accepted: same as rescheduled, because the older event of the move is skipped if it arrives later. */
export const applyMoveAccepted = follow("consultation.accept_move");

const entryOf = (row: NewConsultation, action: string): AuditEntry => ({
  action,
  resource: `consultations/${row.id}`,
  subjectIds: [row.patientId, row.doctorId],
});

/** booking.cancelled: the consultation is cancelled, or broken off if it has just begun. One that has ended stays. */
export const applyBookingCancelled = (app: Clinical) =>
  endConsultations(app, {
    lock: lockOf,
    decide: (row) => {
      // A booking that was never confirmed has no consultation.
      const step = row && stepOfCancellation(row);
      if (!step) return undefined;
      const action = step.to === "CANCELLED" ? "consultation.cancel" : "consultation.abandon";
      return { row, step, action };
    },
  });

/**
 * booking.closed: the consultation ends with the admin's outcome, at its booking's time. One that has already ended stays:
 * its own end reaches scheduling as an event. An unknown one is created, so that it can get addenda.
 */
export const applyBookingClosed = (app: Clinical) =>
  endConsultations(app, {
    lock: (tx, events) => {
      insertConsultations(tx, events.map(toNewConsultation));
      return lockOf(tx, events);
    },
    decide: (row, event) => {
      const closing = toClosing(stateOf(event, "booking"));
      const step = row && stepOfClosing(closingFactsOf(row), closing);
      if (!step) return undefined;
      const atItsTime = { ...row, startTime: closing.startTime, endTime: closing.endTime };
      return { row: atItsTime, step, action: "consultation.close" };
    },
  });

interface Found {
  /** Undefined where there is no consultation. */
  row: ConsultationRow | undefined;
}

/** A consultation that takes a step. */
interface Completion {
  row: ConsultationRow;
  step: Step;
  action: string;
}

/** Handler of events that end a consultation each. */
const endConsultations = (
  app: Clinical,
  {
    lock,
    decide,
  }: {
    lock: typeof lockOf;
    decide: (row: ConsultationRow | undefined, event: Event) => Completion | undefined;
  },
): EventHandler<Found, Completion> => ({
  lock,
  rowsOf: ({ row }) => (row ? [row.id] : []),
  decide: (found, event) => {
    const { row } = found!;
    if (row) assertOwnRow<ConsultationIds>(row, idsOf(event));
    return decide(row, event);
  },
  write: (tx, endings, now) =>
    endings.map(({ row, step, action }) => [{ ...saveMove(tx, row, move(app, row, step, now)), action }]),
});

async function lockOf(tx: Transaction, events: Event[]): Promise<Found[]> {
  const ids = events.map((event) => stateOf(event, "booking").consultationId);
  const rows = new Map((await lockConsultations(tx, ids)).map((row) => [row.id, row]));
  return ids.map((id) => ({ row: rows.get(id) }));
}

const closingFactsOf = (row: ConsultationRow) => ({
  status: row.status,
  startTime: row.startTime,
  endTime: row.endTime,
  noShowParty: row.noShowParty,
});

function toClosing({ closeOutcome, startTime, endTime, movePending }: BookingState): Closing {
  if (closeOutcome === "CLOSE_OUTCOME_UNSPECIFIED")
    throw new Error("a booking was closed without an outcome");
  return { outcome: closeOutcome, startTime: startTime!, endTime: endTime!, movePending };
}

function toNewConsultation(event: Event): NewConsultation {
  const { startTime, endTime, movePending } = stateOf(event, "booking");
  return {
    ...idsOf(event),
    startTime: startTime!,
    endTime: endTime!,
    movePending: movePending ? 1 : 0,
  };
}

function idsOf(event: Event): ConsultationIds {
  const { consultationId, paymentId, patientId, doctorId } = stateOf(event, "booking");
  return {
    id: consultationId,
    bookingId: event.aggregateId,
    paymentId: paymentId || null,
    patientId: patientId,
    doctorId: doctorId,
  };
}
