import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { assertOwnRow } from "@medconnect/platform/inbox/own-row.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import { count } from "@medconnect/platform/stats/daily-totals-store.ts";
import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Scheduling } from "../app.ts";
import { guardPatientsOf } from "../people/people-store.ts";
import { releaseSlot, takeSlots } from "../slots/slot-store.ts";
import { type BookingRow, bookingEntry } from "./booking.ts";
import { changeCounts } from "./booking-figures.ts";
import { awaitsPayment, canBecome } from "./booking-rules.ts";
import { confirmBookings, saveBooking } from "./booking-store.ts";
import { claimRefusal } from "./claim-rules.ts";
import { coolDown, endHold } from "./expire-bookings.ts";
import { type LateClaim, lockPaidBookings, type PaidBooking } from "./paid-booking-store.ts";
import { eraseReason } from "./reason-store.ts";

type Deciding = Pick<Scheduling, "businessClock" | "jurisdiction" | "bookingLimits">;

/**
 * payment.authorized: confirms the booking while its hold lasts. After the hold, a payment confirms the
 * booking only if the patient could book the slot again. Otherwise the payment is refused, and billing returns
 * the money.
 */
export const applyPaymentAuthorized = (app: Deciding): EventHandler<PaidBooking, Plan> => ({
  prepare: (tx, events) => guardPatientsOf(tx, events.map(bookingOf)),
  lock: (tx, events) => lockPaidBookings(tx, events.map(bookingOf), app),
  // The result of a late payment also depends on other bookings of the patient and the doctor, so two late
  // payments of one of them must not share a transaction.
  rowsOf: ({ row, claim }) => (claim ? [row.slotId, row.patientId, row.doctorId] : [row.slotId]),
  decide: (paid, { aggregateId }, now) => {
    if (paid) assertOwnRow<BookingRow>(paid.row, { paymentId: aggregateId });
    return decide(app, paid, now);
  },
  write,
});

const bookingOf = (event: Event): string => stateOf(event, "payment").bookingId;

/** A booking whose payment is to be accepted or refused. */
interface Plan {
  row: BookingRow;
  isConfirmed: boolean;
  /**
   * Unpaid booking that still has the slot although its hold has ended. This transaction expires it, because
   * a slot can have only one live booking.
   */
  endedHold: BookingRow | undefined;
}

function decide(app: Deciding, paid: PaidBooking | undefined, now: Date): Plan | undefined {
  if (!paid || !awaitsPayment(paid.row.status)) return undefined;
  const { row, claim } = paid;
  const isPossible = canBecome(row.status, "CONFIRMED") && row.startTime > now;
  const isConfirmed = isPossible && (claim === undefined || mayClaim(paid, claim, app, now));
  return { row, isConfirmed, endedHold: isConfirmed ? claim?.endedHold : undefined };
}

function mayClaim({ row, slot, patient }: PaidBooking, claim: LateClaim, app: Deciding, now: Date): boolean {
  const { live, licensedInRegion, isFull } = claim;
  // Notice was kept when the slot was held. A cooldown keeps patients from holding a slot again, not from paying.
  const claimed = { ...slot, licensedInRegion, isFull, minimumNotice: 0 };
  const { patientRegion } = row;
  const facts = { slot: claimed, patient, patientRegion, live, cooldownEnd: null };
  return claimRefusal(facts, app.bookingLimits, { isHold: false }, now) === undefined;
}

function write(tx: Transaction, plans: Plan[], now: Date): AuditEntry[][] {
  // Ended holds are saved before the confirmations, because a unique index allows one live booking per slot.
  const expired = plans.map(({ endedHold }) => (endedHold ? [endHold(tx, endedHold, now)] : []));
  const confirmed = plans.filter(({ isConfirmed }) => isConfirmed).map(({ row }) => row);
  takeSlots(
    tx,
    confirmed.map(({ id, slotId }) => ({ slotId, bookingId: id, holdExpireTime: null })),
  );
  confirmBookings(
    tx,
    confirmed.map(({ id }) => id),
    now,
  );
  count(
    tx,
    confirmed.flatMap(({ status }) => changeCounts(status, { status: "CONFIRMED", cancelledBy: null }, now)),
  );
  return plans.map(({ row, isConfirmed }, i) => {
    if (!isConfirmed) return [refuse(tx, row, now)];
    const next: BookingRow = { ...row, version: row.version + 1, status: "CONFIRMED", feeDecision: null };
    return [{ ...bookingEntry("confirmed", next), action: "booking.confirm" }, ...(expired[i] ?? [])];
  });
}

/**
 * Refuses a payment, and releases the fee unless a cancellation has charged it. If the booking is still an
 * unpaid hold, it expires, and its reason is erased. If the payment came after the hold, a cooldown starts. A
 * payment during the hold is refused only because of the doctor or the start, which starts no cooldown.
 */
function refuse(tx: Transaction, row: BookingRow, now: Date): AuditEntry {
  const { status, holdExpireTime } = row;
  if (status !== "CANCELLED") eraseReason(tx, row.id);
  if (status === "PENDING_PAYMENT") {
    releaseSlot(tx, row.slotId, row.id);
    if (holdExpireTime !== null && holdExpireTime <= now) coolDown(tx, row, holdExpireTime);
  }
  const refused: BookingRow = {
    ...row,
    version: row.version + 1,
    status: status === "PENDING_PAYMENT" ? "EXPIRED" : status,
    feeDecision: row.feeDecision ?? "RELEASE",
  };
  saveBooking(tx, refused, now);
  count(tx, changeCounts(status, refused, now));
  return { ...bookingEntry("payment_refused", refused), action: "booking.refuse_payment" };
}
