import type {
  Payment_Status,
  PaymentSnapshot,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type {
  Consultation_Status,
  ConsultationSnapshot,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Booking_Status } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { FeeDecision } from "../bookings/booking-rules.ts";
import type { ReconciledBooking } from "../reconciliation/disagreement.ts";

export const START = new Date("2030-01-01T09:00:00Z");
export const END = new Date("2030-01-01T09:30:00Z");
export const FEE = { currencyCode: "USD", amountMinor: 5000 };

export const bookingOf = (
  status: Booking_Status,
  more: Partial<ReconciledBooking> = {},
): ReconciledBooking => ({
  id: "b",
  consultationId: "c",
  paymentId: "p",
  status,
  startTime: START,
  endTime: END,
  started: false,
  fee: FEE,
  feeDecision: status === "EXPIRED" || status === "CANCELLED" ? "RELEASE" : null,
  movePending: false,
  closed: false,
  ...more,
});

export const payment = (status: Payment_Status, feeDecision?: FeeDecision): PaymentSnapshot => ({
  paymentId: "p",
  bookingId: "b",
  consultationId: "c",
  status,
  feeDecision: feeDecision ?? "FEE_DECISION_UNSPECIFIED",
  amount: FEE,
  authorizeTime: undefined,
  version: 1,
  inFlight: false,
});

export const consultation = (
  status: Consultation_Status,
  more: Partial<ConsultationSnapshot> = {},
): ConsultationSnapshot => ({
  consultationId: "c",
  bookingId: "b",
  paymentId: "p",
  status,
  startTime: START,
  endTime: END,
  noShowParty: undefined,
  version: 1,
  inFlight: false,
  brokenOff: false,
  closedByAdmin: false,
  movePending: false,
  ...more,
});

/** Stands for "no payment", "no consultation" or "no remedy" in tables of cases. */
export const NONE = undefined;
export const FREE = { fee: NONE, paymentId: null } as const;
export const UNPAID = { paymentId: NONE } as const;
/** Fields of a booking that was cancelled after the cut-off, so its fee is charged. */
export const LATE = { feeDecision: "CHARGE" } as const;
export const MISSED = { noShowParty: "PATIENT" } as const;
export const BROKEN_OFF = { brokenOff: true } as const;
export const DOCTOR_MISSING = { noShowParty: "DOCTOR" } as const;
