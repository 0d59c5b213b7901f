import type { EventHandler } from "@medconnect/platform/inbox/event-handler.ts";
import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import type { Payment_Status } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Event } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Billing } from "../app.ts";
import { applyToPayments, type PaymentIds } from "./apply-to-payments.ts";
import { entryOf } from "./change-payment.ts";
import { withProof } from "./debt-proof.ts";
import { decideFee } from "./decide-fee.ts";
import type { PaymentRow } from "./payment.ts";
import { decide, expire, type FeeDecision } from "./payment-rules.ts";
import { insertPayments } from "./payment-store.ts";

/** booking.held: creates the payment under the id that scheduling chose. */
export const applyBookingHeld = (app: Billing): EventHandler<never, PaymentRow> => ({
  decide: (_facts, event, now) =>
    isPaid(event) ? newPayment(app, event, "REQUIRES_AUTHORIZATION", now) : undefined,
  write: (tx, payments) => {
    insertPayments(tx, payments);
    return payments.map((row) => [entryOf(row, { action: "payment.create" })]);
  },
});

/** booking.cancelled, booking.payment_refused: applies scheduling's fee decision. */
export const applyBookingEnded = (app: Billing) =>
  endPayments(app, (row, event) => ({ ...row, ...decide(row, decisionOf(event)) }));

/** booking.closed, booking.fee_decided: applies a fee decision, which an admin made or a no-show caused. */
export const applyFeeDecision = (app: Billing) =>
  applyToPayments(app, idsOf, (row, event) => decideFee(row, decisionOf(event)));

/**
 * booking.expired: cancels a payment without an attempt. A payment with an attempt waits for scheduling's
 * decision.
 */
export const applyBookingExpired = (app: Billing) =>
  endPayments(app, (row, _event, now) => ({
    ...row,
    status: expire(row.status),
    // Scheduling has ended the hold, but by billing's clock the hold may still last. So the end of the hold
    // is moved to now if it is later, and no new attempt can start.
    holdExpireTime: new Date(Math.min(row.holdExpireTime.getTime(), now.getTime())),
  }));

type End = (row: PaymentRow, event: Event, now: Date) => PaymentRow;

/**
 * Handler of events that end a payment. If the inbox skipped booking.held, because a newer event had arrived
 * first, creates the payment as CANCELLED.
 */
const endPayments = (app: Billing, end: End) =>
  applyToPayments(app, idsOf, (row, event, now) =>
    row ? end(row, event, now) : newPayment(app, event, "CANCELLED", now),
  );

function idsOf(event: Event): Required<PaymentIds> {
  const { paymentId, consultationId, patientId, doctorId } = stateOf(event, "booking");
  return { id: paymentId, bookingId: event.aggregateId, consultationId, patientId, doctorId };
}

/** Fee decision of an event. An event without one releases the fee. */
const decisionOf = (event: Event): FeeDecision =>
  stateOf(event, "booking").feeDecision === "CHARGE" ? "CHARGE" : "RELEASE";

/** True for a booking with a fee. A free booking has no payment id. */
const isPaid = (event: Event): boolean => stateOf(event, "booking").paymentId !== "";

/** Payment of a held booking. Throws if the booking has no fee or no hold. */
function newPayment(
  { providers, proofs }: Billing,
  event: Event,
  status: Payment_Status,
  now: Date,
): PaymentRow {
  const { fee, holdExpireTime } = stateOf(event, "booking");
  if (!fee || !holdExpireTime) throw new Error("a booking with a payment has no fee or no hold");
  return withProof(proofs, {
    ...idsOf(event),
    status,
    feeDecision: null,
    currency: fee.currencyCode,
    amountMinor: fee.amountMinor,
    refundedMinor: 0,
    refundingMinor: 0,
    holdExpireTime,
    attemptId: null,
    replacedAttemptId: null,
    provider: providers.current.name,
    providerReference: null,
    lastError: null,
    nextActionUrl: null,
    authorizeTime: null,
    authorizationExpireTime: null,
    captureTime: null,
    version: 1,
    createTime: now,
    processTime: null,
    processTries: 0,
    dueSince: null,
  });
}
