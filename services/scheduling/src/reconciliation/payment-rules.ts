import type {
  Payment_Status,
  PaymentSnapshot,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { ConsultationSnapshot } from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";
import type { Booking_Status } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { BookingEventType } from "../bookings/booking.ts";
import type { FeeDecision } from "../bookings/booking-rules.ts";
import type { Disagreement, ReconciledBooking } from "./disagreement.ts";

/** Finds disagreements of a booking with its payment. */
export function evaluatePayment(
  booking: ReconciledBooking,
  payment: PaymentSnapshot | undefined,
  consultation: ConsultationSnapshot | undefined,
): Disagreement[] {
  const { status, fee } = booking;
  if (!fee) return payment ? [{ kind: "PAYMENT_AMOUNT_DIFFERS" }] : [];
  if (!payment) return [missingPayment(status)];
  const amount: Disagreement[] = isSameMoney(payment.amount, fee) ? [] : [{ kind: "PAYMENT_AMOUNT_DIFFERS" }];
  switch (status) {
    case "PENDING_PAYMENT":
      return [...amount, ...evaluatePending(payment)];
    case "CONFIRMED":
      return [...amount, ...(isSecured(payment) ? [] : [{ kind: "PAYMENT_NOT_SECURED" as const }])];
    default:
      return [...amount, ...evaluateEnded(booking, payment, consultation)];
  }
}

const isSameMoney = (a: Money | undefined, b: Money): boolean =>
  a?.currencyCode === b.currencyCode && a.amountMinor === b.amountMinor;

/**
 * Reports a missing payment. For a booking that was never paid, the remedy is to send the booking's event
 * again, because billing creates the payment from this event.
 */
function missingPayment(status: Booking_Status): Disagreement {
  const events = { PENDING_PAYMENT: "held", EXPIRED: "expired", CANCELLED: "cancelled" } as const;
  const send = status in events ? events[status as keyof typeof events] : undefined;
  return { kind: "PAYMENT_MISSING", ...(send && { remedy: { send } }) };
}

/**
 * Compares the payment of an unpaid hold. A cancelled or voided payment is no disagreement, because the hold
 * soon ends.
 */
function evaluatePending({ status, feeDecision }: PaymentSnapshot): Disagreement[] {
  switch (status) {
    case "AUTHORIZED":
      return feeDecision === "FEE_DECISION_UNSPECIFIED"
        ? [PAYMENT_NOT_HEARD]
        : [{ kind: "FEE_DECISION_DIFFERS" }];
    case "CAPTURED":
    case "PARTIALLY_REFUNDED":
    case "REFUNDED":
      return [{ kind: "FEE_DECISION_DIFFERS" }];
    default:
      return [];
  }
}

const PAYMENT_NOT_HEARD: Disagreement = {
  kind: "PAYMENT_NOT_HEARD",
  remedy: { apply: "payment.authorized" },
};

const isSecured = ({ status, feeDecision }: PaymentSnapshot): boolean =>
  feeDecision !== "RELEASE" && (status === "AUTHORIZED" || DONE.CHARGE.includes(status));

/**
 * Statuses of a payment in which a fee decision has been carried out. REFUNDED is also among those of CHARGE,
 * because an admin may have refunded the charged fee.
 */
const DONE: Record<FeeDecision, readonly Payment_Status[]> = {
  RELEASE: ["CANCELLED", "VOIDED", "REFUNDED"],
  CHARGE: ["CAPTURED", "PARTIALLY_REFUNDED", "REFUNDED"],
};

/**
 * Statuses of a payment from which billing can still carry out a fee decision. A voided payment can no longer
 * be charged.
 */
const ON_ITS_WAY: Record<FeeDecision, readonly Payment_Status[]> = {
  RELEASE: ["PROCESSING", "AUTHORIZED", "CAPTURED", "PARTIALLY_REFUNDED"],
  CHARGE: ["PROCESSING", "AUTHORIZED"],
};

function evaluateEnded(
  booking: ReconciledBooking,
  payment: PaymentSnapshot,
  consultation: ConsultationSnapshot | undefined,
): Disagreement[] {
  const decision = decisionOf(booking, consultation);
  const { status, feeDecision } = payment;
  if (DONE[decision].includes(status)) return [];
  if (feeDecision === decision && ON_ITS_WAY[decision].includes(status)) return [];
  if (booking.status === "EXPIRED" && feeDecision === "FEE_DECISION_UNSPECIFIED") {
    // The payment provider has not decided yet. A late authorization may still confirm the booking.
    if (status === "PROCESSING") return [];
    if (status === "AUTHORIZED") return [PAYMENT_NOT_HEARD];
  }
  const isUndecided = feeDecision === "FEE_DECISION_UNSPECIFIED" && !DONE.RELEASE.includes(status);
  const kind = isUndecided ? "PAYMENT_OPEN_FOR_ENDED" : "FEE_DECISION_DIFFERS";
  // In billing, RELEASE overrides CHARGE, so sending CHARGE again would have no effect.
  const wouldHelp = isUndecided || decision === "RELEASE";
  const send = wouldHelp ? endEventOf(booking, status) : undefined;
  return [{ kind, ...(send && { remedy: { send } }) }];
}

/**
 * Returns the stored fee decision of an ended booking, or else the decision that the booking's status
 * implies.
 */
function decisionOf(
  { status, feeDecision }: ReconciledBooking,
  consultation: ConsultationSnapshot | undefined,
): FeeDecision {
  if (feeDecision !== null) return feeDecision;
  // Older releases stored no fee decision.
  switch (status) {
    case "COMPLETED":
      return "CHARGE";
    case "NO_SHOW":
      return consultation?.noShowParty === "PATIENT" ? "CHARGE" : "RELEASE";
    default:
      return "RELEASE";
  }
}

/**
 * Type of the event with which scheduling tells billing that a booking has ended. Undefined for a completed
 * consultation whose fee is charged, because then clinical tells billing.
 */
function endEventOf(
  { status, closed, feeDecision }: ReconciledBooking,
  payment: Payment_Status,
): BookingEventType | undefined {
  if (closed) return "closed";
  switch (status) {
    case "CANCELLED":
      return "cancelled";
    case "COMPLETED":
      return feeDecision === "RELEASE" ? "fee_decided" : undefined;
    case "NO_SHOW":
      // Older releases stored no decision, so there is none to send.
      return feeDecision === null ? undefined : "fee_decided";
    case "EXPIRED":
      return payment === "REQUIRES_AUTHORIZATION" ? "expired" : "payment_refused";
    default:
      return undefined;
  }
}
