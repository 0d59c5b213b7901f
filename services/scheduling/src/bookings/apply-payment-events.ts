import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { assertOwnRow } from "@medconnect/platform/inbox/own-row.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Scheduling } from "../app.ts";
import { guardPatientsOf } from "../people/people-store.ts";
import { whyNotBookable } from "../slots/slot-rules.ts";
import { releaseSlot, takeSlots } from "../slots/slot-store.ts";
import { type ClaimFacts, lockPaid, type PaidFacts } from "./apply-payment-events-store.ts";
import { bookingEntry } from "./booking.ts";
import { refusalOf } from "./booking-limits.ts";
import { awaitsPayment, canBecome } from "./booking-rules.ts";
import { type BookingRow, confirmBookings, saveBooking } from "./booking-store.ts";
import { coolDown, endHold } from "./expire-bookings.ts";
import { eraseReason } from "./reason-store.ts";

type Deciding = Pick<Scheduling, "clock" | "jurisdiction" | "bookingLimits">;

/**
 * payment.authorized: the booking is confirmed if its slot and its patient's time are still its own, or free again (a
 * late payment) and the patient within the limits of a new booking; else the payment is refused, and billing returns the
 * money.
 */
export const applyPaymentAuthorized = (app: Deciding): EventHandler<PaidFacts, Plan> => ({
  prepare: (tx, events) => guardPatientsOf(tx, events.map(bookingOf)),
  lock: (tx, events) => lockPaid(tx, events.map(bookingOf), app),
  // A new claim depends on what else is made of its slot and of its patient's time.
  rowsOf: ({ row, claim }) => (claim ? [row.slotId, row.patientId] : [row.slotId]),
  decide: (facts, { aggregateId }, now) => {
    if (facts) assertOwnRow<BookingRow>(facts.row, { paymentId: aggregateId });
    return decide(app, facts, now);
  },
  write,
});

const bookingOf = (event: Event): string => stateOf(event, "payment").bookingId;

/** A booking before its confirmation or refusal. */
interface Plan {
  row: BookingRow;
  isConfirmed: boolean;
  /** Another booking's unpaid, ended hold of the slot. It ends now, because this booking takes its slot. */
  endedHold: BookingRow | undefined;
}

function decide(app: Deciding, facts: PaidFacts | undefined, now: Date): Plan | undefined {
  if (!facts || !awaitsPayment(facts.row.status)) return undefined;
  const { row, claim } = facts;
  const isPossible = canBecome(row.status, "CONFIRMED") && row.startTime > now;
  const isConfirmed = isPossible && (claim === undefined || isFree(facts, claim, app, now));
  return { row, isConfirmed, endedHold: isConfirmed ? claim?.endedHold : undefined };
}

/** Whether a booking without its hold may have its slot again. */
function isFree({ slot, patient }: PaidFacts, claim: ClaimFacts, app: Deciding, now: Date): boolean {
  const { live, isLicensed } = claim;
  if (!isLicensed || patient.disabled || refusalOf(live, app.bookingLimits, { isHold: false })) return false;
  return whyNotBookable(slot, now) === undefined;
}

function write(tx: Transaction, plans: Plan[], now: Date): AuditEntry[][] {
  // First, as a slot has one live booking at a time.
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
  return plans.map(({ row, isConfirmed }, i) => {
    if (!isConfirmed) return [refuse(tx, row, now)];
    const next: BookingRow = { ...row, version: row.version + 1, status: "CONFIRMED", feeDecision: null };
    return [{ ...bookingEntry("confirmed", next), action: "booking.confirm" }, ...expired[i]!];
  });
}

/**
 * Returns the money, unless a cancellation has charged it. Ends an unpaid hold and erases its reason. A hold that ended
 * before its payment starts a cooldown; a payment in time is refused for the doctor's sake, and starts none.
 */
function refuse(tx: Transaction, row: BookingRow, now: Date): AuditEntry {
  if (row.status !== "CANCELLED") eraseReason(tx, row.id);
  if (row.status === "PENDING_PAYMENT") {
    releaseSlot(tx, row.slotId, row.id);
    if (row.holdExpireTime! <= now) coolDown(tx, row, row.holdExpireTime!);
  }
  const refused: BookingRow = {
    ...row,
    version: row.version + 1,
    status: row.status === "PENDING_PAYMENT" ? "EXPIRED" : row.status,
    feeDecision: row.feeDecision ?? "RELEASE",
  };
  saveBooking(tx, refused, now);
  return { ...bookingEntry("payment_refused", refused), action: "booking.refuse_payment" };
}
