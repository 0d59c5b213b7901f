import type { NewEvent } from "@medconnect/platform/outbox/event.ts";
import type { Payment } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";
import type { PaymentRow } from "./payment-store.ts";

export const amountOf = (row: PaymentRow): Money => ({
  currencyCode: row.currency,
  amountMinor: row.amount_minor,
});

export const toPayment = (row: PaymentRow): Payment => ({
  id: row.id,
  bookingId: row.booking_id,
  patientId: row.patient_id,
  doctorId: row.doctor_id,
  status: row.status,
  amount: amountOf(row),
  refunded: { currencyCode: row.currency, amountMinor: row.refunded_minor },
  provider: row.provider,
  providerReference: row.provider_reference ?? undefined,
  lastError: row.last_error ?? undefined,
  nextActionUrl: row.next_action_url ?? undefined,
  authorizeTime: row.authorize_time ?? undefined,
  captureTime: row.capture_time ?? undefined,
  createTime: row.create_time,
});

/** The event that a payment has finally ended unpaid: scheduling erases the reason of an unpaid hold. */
export const cancelledEvent = (row: PaymentRow): NewEvent => ({
  type: "payment.cancelled",
  aggregateId: row.id,
  version: row.version,
  state: { $case: "payment", value: { bookingId: row.booking_id, authorizeTime: undefined } },
});

/** The fact that the provider authorized a payment: scheduling confirms the booking, or refuses the payment. */
export const authorizedEvent = (row: PaymentRow): NewEvent => ({
  type: "payment.authorized",
  aggregateId: row.id,
  version: row.version,
  state: {
    $case: "payment",
    value: { bookingId: row.booking_id, authorizeTime: row.authorize_time ?? undefined },
  },
});
