import type { Trail } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Scheduling } from "../app.ts";
import { bookHeldSlot, lockSlot } from "../slots/slot-store.ts";
import { bookingEvent } from "./booking.ts";
import { canBecome } from "./booking-rules.ts";
import { type BookingRow, claimOf, claimSlot, lockBooking, saveBooking } from "./booking-store.ts";
import { expireBooking } from "./expire-bookings.ts";

/**
 * payment.authorized: the booking is confirmed if its slot and its patient's time are still its own, or free again (a
 * late payment); else the payment is refused, and billing gives the money back.
 */
export const applyPaymentAuthorized =
  (app: Scheduling): EventHandler =>
  async (tx, events) => {
    const trails: Trail[] = [];
    for (const event of events) trails.push(...(await confirmOrRefuse(tx, event, app.clock.now())));
    return trails;
  };

async function confirmOrRefuse(tx: Transaction, event: Event, now: Date): Promise<Trail[]> {
  const row = await lockBooking(tx, event.payment!.bookingId);
  if (!row || row.status === "CONFIRMED") return [];
  const isPossible = canBecome(row.status, "CONFIRMED") && row.start_time > now;
  const secured = isPossible ? await secure(tx, row, now) : undefined;
  const isConfirmed = secured !== undefined;
  const decided: BookingRow = {
    ...row,
    version: row.version + 1,
    status: isConfirmed ? "CONFIRMED" : row.status,
    settlement: isConfirmed ? null : (row.settlement ?? "RETURN"),
  };
  saveBooking(tx, decided);
  return [
    {
      resource: `bookings/${row.id}`,
      subjectIds: [row.patient_id, row.doctor_id],
      action: isConfirmed ? "booking.confirm" : "booking.refuse_payment",
      events: [bookingEvent(isConfirmed ? "confirmed" : "payment_refused", decided)],
    },
    ...(secured ?? []),
  ];
}

/**
 * Turns the booking's hold into a booked slot, or, where the hold has ended, claims the slot anew.
 *
 * @returns undefined if slot or patient is taken; else what else came of it
 */
async function secure(tx: Transaction, row: BookingRow, now: Date): Promise<Trail[] | undefined> {
  if (await bookHeldSlot(tx, row.slot_id, row.id, now)) return [];
  const slot = await lockSlot(tx, row.slot_id);
  const isClaimed = await claimSlot(tx, claimOf({ ...row, status: "CONFIRMED" }, now));
  if (!isClaimed) return undefined;
  const isOthers = slot.booking_id !== null && slot.booking_id !== row.id;
  return isOthers ? await expireBooking(tx, slot.booking_id!, now) : [];
}
