import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import type { Payment_Status } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Billing } from "../app.ts";
import { applyToPayments, type PaymentIds } from "./apply-to-payments.ts";
import { entryOf } from "./change-payment.ts";
import { withProof } from "./debt-proof.ts";
import { decideFee } from "./decide-fee.ts";
import { decide, expire, type FeeDecision } from "./payment-rules.ts";
import { insertPayments, type PaymentRow } from "./payment-store.ts";

/** booking.held: makes the payment, under the id that the booking names. */
export const applyBookingHeld = (app: Billing): EventHandler<never, PaymentRow> => ({
  decide: (_facts, event, now) =>
    isPaid(event) ? newPayment(app, event, "REQUIRES_AUTHORIZATION", now) : undefined,
  write: (tx, payments) => {
    insertPayments(tx, payments);
    return payments.map((row) => [entryOf(row, { action: "payment.create" })]);
  },
});

/** booking.cancelled, .payment_refused: the money goes the way that scheduling has decided. */
export const applyBookingEnded = (app: Billing) =>
  endPayments(app, (row, event) => ({ ...row, ...decide(row, decisionOf(event)) }));

/** booking.closed, .fee_decided: applies the fee decision of an admin or a no-show. */
export const applyFeeDecision = (app: Billing) =>
  applyToPayments(app, idsOf, (row, event) => decideFee(row, decisionOf(event)));

/** booking.expired: ends only what awaits authorization. The rest is decided by what scheduling makes of it. */
export const applyBookingExpired = (app: Billing) =>
  endPayments(app, (row, _event, now) => ({
    ...row,
    status: expire(row.status),
    // The hold has ended, whatever our own clock says: no attempt begins any more, or goes back to being awaited.
    hold_expire_time: new Date(Math.min(row.hold_expire_time.getTime(), now.getTime())),
  }));

type End = (row: PaymentRow, event: Event, now: Date) => PaymentRow;

/** Ends payments. Where booking.held was skipped, as the end is newer, the payment is made as one that is over. */
const endPayments = (app: Billing, end: End) =>
  applyToPayments(app, idsOf, (row, event, now) =>
    row ? end(row, event, now) : newPayment(app, event, "CANCELLED", now),
  );

function idsOf(event: Event): Required<PaymentIds> {
  const { paymentId, consultationId, patientId, doctorId } = stateOf(event, "booking");
  return {
    id: paymentId,
    booking_id: event.aggregateId,
    consultation_id: consultationId,
    patient_id: patientId,
    doctor_id: doctorId,
  };
}

/** Default: without a decision, nothing is charged. */
const decisionOf = (event: Event): FeeDecision =>
  stateOf(event, "booking").feeDecision === "CHARGE" ? "CHARGE" : "RELEASE";

/** A free booking names no payment. */
const isPaid = (event: Event): boolean => stateOf(event, "booking").paymentId !== "";

function newPayment(
  { providers, proofs }: Billing,
  event: Event,
  status: Payment_Status,
  now: Date,
): PaymentRow {
  const { fee, holdExpireTime } = stateOf(event, "booking");
  return withProof(proofs, {
    ...idsOf(event),
    status,
    feeDecision: null,
    currency: fee!.currencyCode,
    amount_minor: fee!.amountMinor,
    refunded_minor: 0,
    refunding_minor: 0,
    hold_expire_time: holdExpireTime!,
    attempt_id: null,
    replaced_attempt_id: null,
    provider: providers.current.name,
    provider_reference: null,
    last_error: null,
    next_action_url: null,
    authorize_time: null,
    authorization_expire_time: null,
    capture_time: null,
    version: 1,
    create_time: now,
    process_time: null,
    process_tries: 0,
    due_since: null,
  });
}
