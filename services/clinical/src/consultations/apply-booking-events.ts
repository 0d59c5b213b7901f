import type { Trail } from "@medconnect/platform/changes.ts";
import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import type { BookingState, Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Clinical } from "../app.ts";
import { type Closing, stepOfCancellation, stepOfClosing } from "./consultation-rules.ts";
import {
  insertConsultations,
  lockConsultations,
  moveConsultations,
  type NewConsultation,
} from "./consultation-store.ts";
import { move, saveMove } from "./move-consultation.ts";

/**
 * booking.confirmed: the consultation is made under the id that the booking names. A booking's answer waits for this,
 * so a whole batch is one statement, and nothing is read.
 */
export const applyBookingConfirmed: EventHandler = async (tx, events) => {
  const consultations = events.map(toNewConsultation);
  insertConsultations(tx, consultations);
  return consultations.map((row) => trailOf(row, "consultation.create"));
};

const follow =
  (action: string): EventHandler =>
  async (tx, events) => {
    const consultations = events.map(toNewConsultation);
    moveConsultations(tx, consultations);
    return consultations.map((row) => trailOf(row, action));
  };

/** booking.rescheduled: the consultation moves to another time, which its patient may still have to accept. */
export const applyBookingRescheduled = follow("consultation.reschedule");

/** booking.move_accepted: same as rescheduled, because the older event of the move is skipped if it arrives later. */
export const applyMoveAccepted = follow("consultation.accept_move");

const trailOf = (row: NewConsultation, action: string): Trail => ({
  action,
  resource: `consultations/${row.id}`,
  subjectIds: [row.patient_id, row.doctor_id],
});

/** booking.cancelled: the consultation is cancelled, or broken off if it has just begun. One that has ended stays. */
export const applyBookingCancelled =
  (app: Clinical): EventHandler =>
  async (tx, events) => {
    const now = app.clock.now();
    const ids = events.map(({ booking }) => booking!.consultationId);
    const trails: Trail[] = [];
    // A booking that was never confirmed has no consultation.
    for (const row of await lockConsultations(tx, ids)) {
      const step = stepOfCancellation(row);
      if (!step) continue;
      const action = step.to === "CANCELLED" ? "consultation.cancel" : "consultation.abandon";
      trails.push({ ...saveMove(tx, row, move(app, row, step, now)), action });
    }
    return trails;
  };

/**
 * booking.closed: the consultation ends with the admin's outcome, at its booking's time. One that has already ended stays:
 * its own end reaches scheduling as an event. An unknown one is created, so that it can get addenda.
 */
export const applyBookingClosed =
  (app: Clinical): EventHandler =>
  async (tx, events) => {
    const now = app.clock.now();
    const consultations = events.map(toNewConsultation);
    insertConsultations(tx, consultations);
    const closings = new Map(events.map(({ booking }) => [booking!.consultationId, toClosing(booking!)]));
    const trails: Trail[] = [];
    for (const row of await lockConsultations(tx, [...closings.keys()])) {
      const closing = closings.get(row.id)!;
      const facts = {
        status: row.status,
        startTime: row.start_time,
        endTime: row.end_time,
        noShowParty: row.no_show_party,
      };
      const step = stepOfClosing(facts, closing);
      if (!step) continue;
      const atItsTime = { ...row, start_time: closing.startTime, end_time: closing.endTime };
      const trail = saveMove(tx, row, move(app, atItsTime, step, now));
      trails.push({ ...trail, action: "consultation.close" });
    }
    return trails;
  };

function toClosing({ closeOutcome, startTime, endTime, movePending }: BookingState): Closing {
  if (closeOutcome === "CLOSE_OUTCOME_UNSPECIFIED")
    throw new Error("a booking was closed without an outcome");
  return { outcome: closeOutcome, startTime: startTime!, endTime: endTime!, movePending };
}

function toNewConsultation({ aggregateId, booking }: Event): NewConsultation {
  const { consultationId, paymentId, patientId, doctorId, startTime, endTime, movePending } = booking!;
  return {
    id: consultationId,
    booking_id: aggregateId,
    payment_id: paymentId === "" ? null : paymentId,
    patient_id: patientId,
    doctor_id: doctorId,
    start_time: startTime!,
    end_time: endTime!,
    move_pending: movePending ? 1 : 0,
  };
}
