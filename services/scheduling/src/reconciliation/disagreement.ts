import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";
import type { Booking_Status } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { BookingEventType } from "../bookings/booking.ts";
import type { FeeDecision } from "../bookings/booking-rules.ts";

/** State of a booking that its payment and its consultation must agree with. */
export interface ReconciledBooking {
  id: string;
  consultationId: string;
  /** Null for a free booking. */
  paymentId: string | null;
  status: Booking_Status;
  startTime: Date;
  endTime: Date;
  /** True once scheduling knows that the consultation has started. */
  started: boolean;
  /** Undefined for a free booking. */
  fee: Money | undefined;
  feeDecision: FeeDecision | null;
  /** True if the booking was moved, and the patient has not accepted the new time yet. */
  movePending: boolean;
  /** True if an admin closed the booking. */
  closed: boolean;
}

/** Kind of a disagreement. Metrics and scripts use these names, so they are stable. */
export type DisagreementKind =
  /** The consultation's row names another booking or another payment than the booking's row. */
  | "CONSULTATION_IDS_DIFFER"
  /** The payment's row names another booking or another consultation than the booking's row. */
  | "PAYMENT_IDS_DIFFER"
  /** A booking with a fee names no payment. */
  | "PAYMENT_ID_MISSING"
  /** A confirmed booking has no consultation. */
  | "CONSULTATION_MISSING"
  /** Booking and consultation have different times. */
  | "CONSULTATION_TIMES_DIFFER"
  /** Clinical and scheduling disagree on whether the patient has accepted the last move. */
  | "MOVE_ACCEPTANCE_DIFFERS"
  /** The consultation of a cancelled booking is still open. */
  | "CONSULTATION_LIVE_FOR_CANCELLED"
  /** The consultation of a confirmed booking was cancelled. */
  | "CONSULTATION_CANCELLED_FOR_CONFIRMED"
  /** A booking that was never confirmed has a consultation. */
  | "CONSULTATION_UNEXPECTED"
  /** The consultation has started or ended, and scheduling has not applied the event. */
  | "CONSULTATION_NOT_HEARD"
  /** An admin closed the booking, but its consultation is open. */
  | "CONSULTATION_LIVE_FOR_CLOSED"
  /** Booking and consultation ended in different ways. */
  | "OUTCOME_DIFFERS"
  /** The doctor did not close the consultation in time, and still can. */
  | "CONSULTATION_NOT_CLOSED"
  /** A booking with a fee has no payment. */
  | "PAYMENT_MISSING"
  /** The payment's amount differs from the booking's fee, or a free booking has a payment. */
  | "PAYMENT_AMOUNT_DIFFERS"
  /** The payment is authorized, and scheduling has neither confirmed the booking nor refused the payment. */
  | "PAYMENT_NOT_HEARD"
  /** The payment of a confirmed booking is neither authorized nor captured. */
  | "PAYMENT_NOT_SECURED"
  /** The booking has ended, and billing has no decision about the fee. */
  | "PAYMENT_OPEN_FOR_ENDED"
  /**
   * Billing carries out a fee decision that differs from the booking's, or can no longer carry out the
   * booking's fee decision.
   */
  | "FEE_DECISION_DIFFERS";

/**
 * Repair that policy allows. Scheduling either sends its own event again, or applies an event of another
 * service as if that event arrived now. Disagreements without a remedy need a person.
 */
export type Remedy =
  | { send: BookingEventType }
  | {
      apply:
        | "payment.authorized"
        | "consultation.joined"
        | "consultation.started"
        | "consultation.completed"
        | "consultation.no_show"
        | "consultation.abandoned";
    };

export interface Disagreement {
  kind: DisagreementKind;
  /** Absent if the disagreement is only reported, because a person must repair it. */
  remedy?: Remedy;
}

/**
 * Time in ms that a doctor has, after the end of an appointment, to close the consultation. A consultation
 * that is still open then is reported.
 */
export const CLOSE_WITHIN_MS = 3 * 60 * 60_000;
