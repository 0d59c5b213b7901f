import type { Trail } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Booking_Status } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { Scheduling } from "../app.ts";
import { requiredRegion } from "../jurisdiction.ts";
import { guardPatientsOf } from "../people/people-store.ts";
import { bookHeldSlot, lockSlot, releaseSlot } from "../slots/slot-store.ts";
import { bookingTrail } from "./booking.ts";
import { refusalOf } from "./booking-limits.ts";
import { readPatientFacts } from "./booking-limits-store.ts";
import { canBecome } from "./booking-rules.ts";
import { type BookingRow, claimOf, claimSlot, lockBooking, saveBooking } from "./booking-store.ts";
import { coolDown, expireBooking } from "./expire-bookings.ts";
import { eraseReason } from "./reason-store.ts";

type Deciding = Pick<Scheduling, "clock" | "jurisdiction" | "bookingLimits">;

/**
 * payment.authorized: the booking is confirmed if its slot and its patient's time are still its own, or free again (a
 * late payment) and the patient within the limits of a new booking; else the payment is refused, and billing returns the
 * money.
 */
export const applyPaymentAuthorized =
  (app: Deciding): EventHandler =>
  async (tx, events) => {
    const trails: Trail[] = [];
    // A hold that ends guards its patient's time no more, and until the commit nobody sees what takes its place.
    guardPatientsOf(
      tx,
      events.map((event) => event.payment!.bookingId),
    );
    for (const event of events) trails.push(...(await confirmOrRefuse(tx, event, app)));
    return trails;
  };

async function confirmOrRefuse(tx: Transaction, event: Event, app: Deciding): Promise<Trail[]> {
  const row = await lockBooking(tx, event.payment!.bookingId);
  // After the wait for the locks: meanwhile the hold may have ended, and another booking taken the patient's time.
  const now = app.clock.now();
  // A booking in any other status has its payment already, so a repeated event changes nothing.
  if (!row || !AWAITS_DECISION.has(row.status)) return [];
  const isPossible = canBecome(row.status, "CONFIRMED") && row.start_time > now;
  const secured = isPossible ? await secure(tx, row, app, now) : undefined;
  const decided = secured ? confirmed(row) : refused(tx, row, now);
  saveBooking(tx, decided, now);
  const trail = bookingTrail(secured ? "confirmed" : "payment_refused", decided);
  return [{ ...trail, action: secured ? "booking.confirm" : "booking.refuse_payment" }, ...(secured ?? [])];
}

const AWAITS_DECISION: ReadonlySet<Booking_Status> = new Set(["PENDING_PAYMENT", "EXPIRED", "CANCELLED"]);

const confirmed = (row: BookingRow): BookingRow => ({
  ...row,
  version: row.version + 1,
  status: "CONFIRMED",
  settlement: null,
});

/**
 * Returns the money, unless a cancellation has charged it. Ends an unpaid hold and erases its reason. A hold that ended
 * before its payment starts a cooldown; a payment in time is refused for the doctor's sake, and starts none.
 */
function refused(tx: Transaction, row: BookingRow, now: Date): BookingRow {
  if (row.status !== "CANCELLED") eraseReason(tx, row.id);
  if (row.status === "PENDING_PAYMENT") {
    releaseSlot(tx, row.slot_id, row.id);
    if (row.hold_expire_time! <= now) coolDown(tx, row, row.hold_expire_time!);
  }
  return {
    ...row,
    version: row.version + 1,
    status: row.status === "PENDING_PAYMENT" ? "EXPIRED" : row.status,
    settlement: row.settlement ?? "RETURN",
  };
}

/**
 * Turns the booking's hold into a booked slot, or, where the hold has ended, claims the slot anew.
 *
 * @returns undefined if slot or patient is taken, the patient at a limit, or the doctor not licensed; else what else came
 *   of it
 */
async function secure(
  tx: Transaction,
  row: BookingRow,
  app: Deciding,
  now: Date,
): Promise<Trail[] | undefined> {
  if (await bookHeldSlot(tx, row.slot_id, row.id, now)) return [];
  const slot = await lockSlot(tx, row.slot_id, requiredRegion(app, row));
  if (slot.licensed_in_region === 0) return undefined;
  const claim = claimOf({ ...row, status: "CONFIRMED" }, now);
  // Under the patient's guard, so the count holds until the commit.
  const facts = (await readPatientFacts(tx, [claim], now)).get(claim.slotId)!;
  if (refusalOf(facts.live, app.bookingLimits, { isHold: false })) return undefined;
  const isClaimed = await claimSlot(tx, claim);
  if (!isClaimed) return undefined;
  const isOthers = slot.booking_id !== null && slot.booking_id !== row.id;
  return isOthers ? await expireBooking(tx, slot.booking_id!, now) : [];
}
