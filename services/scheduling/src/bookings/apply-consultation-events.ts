import type { Trail } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import type { ConsultationState, Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Scheduling } from "../app.ts";
import { releaseSlot } from "../slots/slot-store.ts";
import { bookingTrail } from "./booking.ts";
import { type BookingRow, lockBooking, saveBooking } from "./booking-store.ts";

interface Change {
  action: string;
  row: BookingRow;
}

/** What a consultation's course does to its confirmed booking. Billing hears of it from clinical itself. */
const COURSES = {
  "consultation.joined": (row) => ({ action: "booking.accept_move", row: { ...row, move_pending: 0 } }),
  "consultation.started": (row) => ({ action: "booking.begin", row: { ...row, begun: 1, move_pending: 0 } }),
  "consultation.completed": (row) => ({
    action: "booking.complete",
    row: { ...row, status: "COMPLETED", settlement: "CAPTURE", move_pending: 0 },
  }),
  "consultation.no_show": (row, { noShowParty }) => ({
    action: "booking.no_show",
    row: { ...row, status: "NO_SHOW", settlement: noShowParty === "PATIENT" ? "CAPTURE" : "RETURN" },
  }),
  "consultation.abandoned": (row, _, now) => ({
    action: "booking.cancel",
    row: {
      ...row,
      status: "CANCELLED",
      cancel_time: now,
      cancelled_by: "DOCTOR",
      settlement: "RETURN",
      move_pending: 0,
    },
  }),
} as const satisfies Record<string, (row: BookingRow, consultation: ConsultationState, now: Date) => Change>;

type Course = keyof typeof COURSES;

/** consultation.*: a patient who joins accepts a move; no more cancels once it has begun; the booking is closed when it ends, at the time at which it was. */
export const applyConsultationEvent =
  (app: Pick<Scheduling, "clock">, type: Course): EventHandler =>
  async (tx, events) => {
    const trails: Trail[] = [];
    for (const event of events) trails.push(...(await follow(tx, event, type, app.clock.now())));
    return trails;
  };

async function follow(tx: Transaction, { consultation }: Event, type: Course, now: Date): Promise<Trail[]> {
  const current = await lockBooking(tx, consultation!.bookingId);
  const change = current && changeBy(type, consultation!, current, now);
  if (!change) return [];
  const row = isLive(change.row) ? change.row : movedBack(tx, change.row, consultation!);
  const changed: BookingRow = { ...row, version: current.version + 1 };
  saveBooking(tx, changed, now);
  const { action } = change;
  // Clinical hears that the acceptance counts: by then it may have heard of the move once more.
  if (type === "consultation.joined") return [{ ...bookingTrail("move_accepted", changed), action }];
  return [{ action, resource: `bookings/${row.id}`, subjectIds: [row.patient_id, row.doctor_id] }];
}

function changeBy(
  type: Course,
  consultation: ConsultationState,
  row: BookingRow,
  now: Date,
): Change | undefined {
  const { noShowParty } = consultation;
  if (row.status === "CONFIRMED") {
    return isMoot(type, consultation, row) ? undefined : COURSES[type](row, consultation, now);
  }
  // The patient cancelled late while the doctor broke it off, or did not come: the fee, which would be due, goes back.
  const isDoctorsDoing =
    type === "consultation.abandoned" || (type === "consultation.no_show" && noShowParty === "DOCTOR");
  return isDoctorsDoing && row.settlement === "CAPTURE"
    ? { action: "booking.return_fee", row: { ...row, settlement: "RETURN" } }
    : undefined;
}

/**
 * Whether clinical had not heard yet that the booking was moved. Nobody was to come at the old time, nor the patient at
 * one that they had not accepted: the consultation comes back once clinical hears of the move. And who joins at a time
 * accepts no other.
 */
function isMoot(type: Course, consultation: ConsultationState, row: BookingRow): boolean {
  switch (type) {
    case "consultation.joined":
      return wasMoved(row, consultation) || !row.move_pending;
    case "consultation.no_show":
      return (
        wasMoved(row, consultation) || (row.move_pending === 1 && consultation.noShowParty === "PATIENT")
      );
    default:
      return false;
  }
}

const isLive = ({ status }: BookingRow): boolean => status === "CONFIRMED";

/**
 * The closed booking at the time at which it took place. Where it was moved while its consultation began, that is the
 * old one, and the slot that it was moved to is given back, unused. Until it ends the slot is its own: the old one may be
 * somebody else's by now, and so may the patient's old time.
 */
function movedBack(tx: Transaction, row: BookingRow, consultation: ConsultationState): BookingRow {
  if (!wasMoved(row, consultation)) return row;
  releaseSlot(tx, row.slot_id, row.id);
  const { startTime, endTime } = consultation;
  return { ...row, start_time: startTime!, end_time: endTime!, sequence: row.sequence + 1 };
}

/** Whether the booking is at another time by now than its consultation, which a clinical may not tell yet. */
function wasMoved(row: BookingRow, { startTime, endTime }: ConsultationState): boolean {
  if (!startTime || !endTime) return false;
  return row.start_time.getTime() !== startTime.getTime() || row.end_time.getTime() !== endTime.getTime();
}
