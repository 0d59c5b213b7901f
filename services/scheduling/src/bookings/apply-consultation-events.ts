import type { Trail } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import type { ConsultationState, Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Scheduling } from "../app.ts";
import { releaseSlot } from "../slots/slot-store.ts";
import { bookingTrail } from "./booking.ts";
import { type BookingRow, lockBooking, saveBooking, saveClose } from "./booking-store.ts";
import { type Course, changeBy, wasMoved } from "./consultation-course.ts";

/**
 * consultation.*: a patient who joins accepts a move. A started consultation refuses cancelling. An ended one closes the
 * booking at the consultation's time.
 */
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
  if (changed.close_outcome !== current.close_outcome) saveClose(tx, changed);
  const { action } = change;
  // Clinical gets the acceptance again: it may have applied another copy of the move meanwhile.
  if (type === "consultation.joined") return [{ ...bookingTrail("move_accepted", changed), action }];
  // No-shows at an old time are void; billing gets the valid ones from here.
  if (type === "consultation.no_show") return [{ ...bookingTrail("fee_decided", changed), action }];
  return [{ action, resource: `bookings/${row.id}`, subjectIds: [row.patient_id, row.doctor_id] }];
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
