import type { Trail } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Scheduling } from "../app.ts";
import { type BookingRow, lockBooking, saveBooking } from "./booking-store.ts";

interface Change {
  action: string;
  row: BookingRow;
}

/** What a consultation's course does to its confirmed booking. Billing hears of it from clinical itself. */
const COURSES = {
  "consultation.started": (row) => ({ action: "booking.begin", row: { ...row, begun: 1 } }),
  "consultation.completed": (row) => ({ action: "booking.complete", row: { ...row, status: "COMPLETED" } }),
  "consultation.no_show": (row) => ({ action: "booking.no_show", row: { ...row, status: "NO_SHOW" } }),
  "consultation.abandoned": (row, now) => ({
    action: "booking.cancel",
    row: { ...row, status: "CANCELLED", cancel_time: now, cancelled_by: "DOCTOR", settlement: "RETURN" },
  }),
} as const satisfies Record<string, (row: BookingRow, now: Date) => Change>;

type Course = keyof typeof COURSES;

/** consultation.*: no more cancels once it has begun; the booking is closed when it ends. */
export const applyConsultationEvent =
  (app: Pick<Scheduling, "clock">, type: Course): EventHandler =>
  async (tx, events) => {
    const trails: Trail[] = [];
    for (const event of events) trails.push(...(await follow(tx, event, type, app.clock.now())));
    return trails;
  };

async function follow(tx: Transaction, event: Event, type: Course, now: Date): Promise<Trail[]> {
  const current = await lockBooking(tx, event.consultation!.bookingId);
  const change = current && changeBy(type, current, now);
  if (!change) return [];
  const { action, row } = change;
  saveBooking(tx, { ...row, version: current.version + 1 }, now);
  return [{ action, resource: `bookings/${row.id}`, subjectIds: [row.patient_id, row.doctor_id] }];
}

function changeBy(type: Course, row: BookingRow, now: Date): Change | undefined {
  if (row.status === "CONFIRMED") return COURSES[type](row, now);
  // The patient cancelled late while the doctor broke it off: the fee, which would be due, goes back.
  const isReturned = type === "consultation.abandoned" && row.settlement === "CAPTURE";
  return isReturned ? { action: "booking.return_fee", row: { ...row, settlement: "RETURN" } } : undefined;
}
