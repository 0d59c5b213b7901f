import type { Trail } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import type { Payment_Status } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { BookingState, Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Billing } from "../app.ts";
import { changePayment, trailOf, trailsOf } from "./change-payment.ts";
import { decideFees } from "./decide-fees.ts";
import { decide, expire, type Settlement } from "./payment-rules.ts";
import { insertPayments, lockPayments, type PaymentRow } from "./payment-store.ts";

/** booking.held: makes the payment, under the id that the booking names. */
export const applyBookingHeld =
  (app: Billing): EventHandler =>
  async (tx, events) => {
    const rows = events
      .filter(isPaid)
      .map((event) =>
        newPayment(event, "REQUIRES_AUTHORIZATION", app.providers.current.name, app.clock.now()),
      );
    insertPayments(tx, rows);
    return rows.map((row) => trailOf(row, { action: "payment.create" }));
  };

/** booking.cancelled, .payment_refused: the money goes the way that scheduling has decided. */
export const applyBookingSettled =
  (app: Billing): EventHandler =>
  (tx, events) =>
    endPayments(app, tx, events, (row, { booking }) => ({
      ...row,
      ...decide(row, decisionOf(booking!)),
    }));

/** booking.closed, .fee_decided: applies the fee decision of an admin or a no-show. */
export const applyFeeDecision =
  (app: Billing): EventHandler =>
  async (tx, events) => {
    const decisions = events.map(({ booking }) => [booking!.paymentId, decisionOf(booking!)] as const);
    return await decideFees(app, tx, new Map(decisions));
  };

/** booking.expired: ends only what awaits authorization. The rest is decided by what scheduling makes of it. */
export const applyBookingExpired =
  (app: Billing): EventHandler =>
  (tx, events) =>
    endPayments(app, tx, events, (row, _event, now) => ({
      ...row,
      status: expire(row.status),
      // The hold has ended, whatever our own clock says: no attempt begins any more, or goes back to being awaited.
      hold_expire_time: new Date(Math.min(row.hold_expire_time.getTime(), now.getTime())),
    }));

type End = (row: PaymentRow, event: Event, now: Date) => PaymentRow;

/** Ends payments. Where booking.held was skipped, as the end is newer, the payment is made as one that is over. */
async function endPayments(app: Billing, tx: Transaction, events: Event[], end: End): Promise<Trail[]> {
  const now = app.clock.now();
  const paid = events.filter(isPaid);
  const found = await lockPayments(
    tx,
    paid.map(({ booking }) => booking!.paymentId),
  );
  const rows = new Map(found.map((row) => [row.id, row]));
  const missing = paid
    .filter(({ booking }) => !rows.has(booking!.paymentId))
    .map((event) => newPayment(event, "CANCELLED", app.providers.current.name, now));
  insertPayments(tx, missing);
  const changed = paid.flatMap((event): Trail[] => {
    const before = rows.get(event.booking!.paymentId);
    return before ? trailsOf(before, changePayment(app, tx, before, end(before, event, now))) : [];
  });
  return [...missing.map((row) => trailOf(row, { action: "payment.cancel" })), ...changed];
}

/** Default: without a decision, nothing is charged. */
const decisionOf = ({ settlement }: BookingState): Settlement =>
  settlement === "CAPTURE" ? "CAPTURE" : "RETURN";

/** A free booking names no payment. */
const isPaid = ({ booking }: Event): boolean => booking!.paymentId !== "";

function newPayment(
  { aggregateId, booking }: Event,
  status: Payment_Status,
  provider: string,
  now: Date,
): PaymentRow {
  const { paymentId, patientId, doctorId, fee, holdExpireTime } = booking!;
  return {
    id: paymentId,
    booking_id: aggregateId,
    patient_id: patientId,
    doctor_id: doctorId,
    status,
    settlement: null,
    currency: fee!.currencyCode,
    amount_minor: fee!.amountMinor,
    refunded_minor: 0,
    refunding_minor: 0,
    hold_expire_time: holdExpireTime!,
    attempt_id: null,
    replaced_attempt_id: null,
    provider,
    provider_reference: null,
    last_error: null,
    next_action_url: null,
    authorize_time: null,
    lapse_time: null,
    capture_time: null,
    version: 1,
    create_time: now,
    settle_time: null,
    settle_tries: 0,
    due_since: null,
  };
}
