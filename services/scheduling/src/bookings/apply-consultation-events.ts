import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { assertOwnRow } from "@medconnect/platform/inbox/own-row.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { count } from "@medconnect/platform/stats/daily-totals-store.ts";
import type { ConsultationState } from "@medconnect/proto/medconnect/events/v1/events.ts";
import { releaseSlot } from "../slots/slot-store.ts";
import { type BookingRow, bookingEntry } from "./booking.ts";
import { changeCounts } from "./booking-figures.ts";
import { lockBookings, saveBooking, saveClose } from "./booking-store.ts";
import { type Change, type Course, changeBy, wasMoved } from "./consultation-course.ts";

/**
 * Handles the events consultation.*. If the patient joins, they accept the last move of the booking. Once the
 * consultation has started, its booking cannot be cancelled. When the consultation ends, the booking ends,
 * too, and takes over the consultation's times.
 */
export const applyConsultationEvent = (type: Course): EventHandler<BookingRow, Plan> => ({
  lock: async (tx, events) => {
    const ids = events.map((event) => stateOf(event, "consultation").bookingId);
    const bookings = await lockBookings(tx, ids);
    return ids.map((id) => bookings.get(id)?.row);
  },
  rowsOf: (current) => [current.id],
  decide: (current, event, now) => {
    if (!current) return undefined;
    assertOwnRow<BookingRow>(current, { consultationId: event.aggregateId });
    const consultation = stateOf(event, "consultation");
    const change = changeBy(type, consultation, current, now);
    return change && { ...change, current, consultation };
  },
  write: (tx, plans, now) => plans.map((plan) => [follow(tx, plan, type, now)]),
});

/**
 * A change of a booking that is to be saved. `current` is the booking before the change. `consultation` is
 * the consultation's state from the event.
 */
interface Plan extends Change {
  current: BookingRow;
  consultation: ConsultationState;
}

function follow(tx: Transaction, plan: Plan, type: Course, now: Date): AuditEntry {
  const { action, current, consultation } = plan;
  const row = isLive(plan.row) ? plan.row : movedBack(tx, plan.row, consultation);
  const changed: BookingRow = { ...row, version: current.version + 1 };
  saveBooking(tx, changed, now);
  count(tx, changeCounts(current.status, changed, now));
  if (changed.closeOutcome !== current.closeOutcome) saveClose(tx, changed);
  // Clinical knows that the patient has joined. But if clinical received the move once more, it would regard
  // the move as not accepted. So scheduling tells clinical that the patient has accepted.
  if (type === "consultation.joined") return { ...bookingEntry("move_accepted", changed), action };
  // A no-show has no effect if the booking was moved to another time, which only scheduling knows. So billing
  // learns of no-shows from scheduling, not from clinical.
  if (type === "consultation.no_show") return { ...bookingEntry("fee_decided", changed), action };
  return { action, resource: `bookings/${row.id}`, subjectIds: [row.patientId, row.doctorId] };
}

const isLive = ({ status }: BookingRow): boolean => status === "CONFIRMED";

/**
 * Gives an ended booking the times of its consultation. If the booking was moved while its consultation
 * started, the appointment took place at the old time, so the new slot is released. Until the consultation
 * ends, the booking keeps the new slot, because another booking may have taken the old slot.
 */
function movedBack(tx: Transaction, row: BookingRow, consultation: ConsultationState): BookingRow {
  if (!wasMoved(row, consultation)) return row;
  releaseSlot(tx, row.slotId, row.id);
  const { startTime, endTime } = consultation;
  // biome-ignore lint/style/noNonNullAssertion: `wasMoved` is true only if both times are set
  return { ...row, startTime: startTime!, endTime: endTime!, sequence: row.sequence + 1 };
}
