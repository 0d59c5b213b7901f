import type { NewEvent } from "@medconnect/platform/outbox/event.ts";
import type { Payment, Payment_Status } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";
import type { FeeDecision } from "./payment-rules.ts";

/** A payment as stored. Amounts are in minor units of the currency. */
export interface PaymentRow {
  id: string;
  bookingId: string;
  consultationId: string;
  patientId: string;
  doctorId: string;
  status: Payment_Status;
  /** Null until the fee is decided: when the booking ends, or shortly before the authorization expires. */
  feeDecision: FeeDecision | null;
  currency: string;
  amountMinor: number;
  /** Keyed hash over the debt; see debt-proof.ts. */
  proof: Buffer;
  refundedMinor: number;
  /** Sum of the PENDING refunds. */
  refundingMinor: number;
  holdExpireTime: Date;
  /** Id of the latest attempt; null before the first. */
  attemptId: string | null;
  /**
   * Id of the earlier attempt that `attemptId` replaces; null once the provider has cancelled that attempt.
   */
  replacedAttemptId: string | null;
  provider: string;
  /**
   * Id of the charge at the provider. While `replacedAttemptId` is set, this is the charge of the replaced
   * attempt.
   */
  providerReference: string | null;
  lastError: string | null;
  nextActionUrl: string | null;
  authorizeTime: Date | null;
  authorizationExpireTime: Date | null;
  captureTime: Date | null;
  version: number;
  createTime: Date;
  /**
   * Time of the next try of the pending call to the provider (question about an attempt, capture, void or
   * refund). Null if no call is pending, or after the last try.
   */
  processTime: Date | null;
  processTries: number;
  /** Time since which the call to the provider has been pending; null if no call is pending. */
  dueSince: Date | null;
}

export const amountOf = ({ currency, amountMinor }: PaymentRow): Money => ({
  currencyCode: currency,
  amountMinor,
});

export const toPayment = (row: PaymentRow): Payment => ({
  id: row.id,
  bookingId: row.bookingId,
  patientId: row.patientId,
  doctorId: row.doctorId,
  status: row.status,
  amount: amountOf(row),
  refunded: { currencyCode: row.currency, amountMinor: row.refundedMinor },
  provider: row.provider,
  providerReference: row.providerReference ?? undefined,
  lastError: row.lastError ?? undefined,
  nextActionUrl: row.nextActionUrl ?? undefined,
  authorizeTime: row.authorizeTime ?? undefined,
  captureTime: row.captureTime ?? undefined,
  createTime: row.createTime,
});

/**
 * Event of a payment that ended unpaid. Scheduling then erases the patient's reason for the visit from the
 * unpaid booking.
 */
export const cancelledEvent = (row: PaymentRow): NewEvent => ({
  type: "payment.cancelled",
  aggregateId: row.id,
  version: row.version,
  state: { $case: "payment", value: { bookingId: row.bookingId, authorizeTime: undefined } },
});

/**
 * Event of a payment that the provider authorized. Scheduling then confirms the booking, or refuses the
 * payment.
 */
export const authorizedEvent = (row: PaymentRow): NewEvent => ({
  type: "payment.authorized",
  aggregateId: row.id,
  version: row.version,
  state: {
    $case: "payment",
    value: { bookingId: row.bookingId, authorizeTime: row.authorizeTime ?? undefined },
  },
});
