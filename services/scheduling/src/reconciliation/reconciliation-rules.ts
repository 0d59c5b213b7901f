import type {
  Payment_Status,
  PaymentSnapshot,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type {
  Consultation_Status,
  ConsultationSnapshot,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";
import type { Booking_Status } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";
import type { BookingEventType } from "../bookings/booking.ts";
import type { FeeDecision } from "../bookings/booking-rules.ts";

/** A booking, as far as its payment and its consultation must agree with it. */
export interface ReconciledBooking {
  id: string;
  consultationId: string;
  /** null: it is free. */
  paymentId: string | null;
  status: Booking_Status;
  startTime: Date;
  endTime: Date;
  /** Scheduling knows that the consultation has started. */
  started: boolean;
  /** undefined: it is free. */
  fee: Money | undefined;
  /** Decision about the money. */
  feeDecision: FeeDecision | null;
  /** The patient has not accepted the last move. */
  movePending: boolean;
  /** An admin closed it. */
  closed: boolean;
}

/** In what way a booking's payment or consultation disagrees with it. Stable: metrics and scripts know them. */
export type DisagreementKind =
  /** It is of another booking, or that booking has another payment. */
  | "CONSULTATION_IDS_DIFFER"
  /** It is of another booking, or that booking has another consultation. */
  | "PAYMENT_IDS_DIFFER"
  /** A booking with a fee names no payment. */
  | "PAYMENT_ID_MISSING"
  /** A confirmed booking has none. */
  | "CONSULTATION_MISSING"
  /** It takes place at another time than was booked. */
  | "CONSULTATION_TIMES_DIFFER"
  /** Clinical and scheduling disagree about the acceptance of the last move. */
  | "MOVE_ACCEPTANCE_DIFFERS"
  /** A cancelled booking's still goes on. */
  | "CONSULTATION_LIVE_FOR_CANCELLED"
  /** A confirmed booking's was cancelled. */
  | "CONSULTATION_CANCELLED_FOR_CONFIRMED"
  /** A booking that was never confirmed has one. */
  | "CONSULTATION_UNEXPECTED"
  /** It has begun or ended, and scheduling does not know. */
  | "CONSULTATION_NOT_HEARD"
  /** An admin closed the booking, but its consultation is open. */
  | "CONSULTATION_LIVE_FOR_CLOSED"
  /** Booking and consultation ended in different ways. */
  | "OUTCOME_DIFFERS"
  /** It is long over, and nobody has said how it ended, which the doctor still can. */
  | "CONSULTATION_NOT_CLOSED"
  /** A booking with a fee has none. */
  | "PAYMENT_MISSING"
  /** It is of another amount than the fee, or the booking is free. */
  | "PAYMENT_AMOUNT_DIFFERS"
  /** It is authorized, and scheduling has neither confirmed the booking nor refused the money. */
  | "PAYMENT_NOT_HEARD"
  /** A confirmed booking's is neither authorized nor captured. */
  | "PAYMENT_NOT_SECURED"
  /** The booking has ended, and billing does not know what is to become of the money. */
  | "PAYMENT_OPEN_FOR_ENDED"
  /** Billing does something else with the money than was decided, or can no longer do it. */
  | "SETTLEMENT_DIFFERS";

/**
 * Repairs that policy allows: scheduling sends its own decision about a booking again, or applies the others' decision as if
 * their event came now. Other disagreements are for people.
 */
export type Remedy =
  | { tell: BookingEventType }
  | {
      hear:
        | "payment.authorized"
        | "consultation.joined"
        | "consultation.started"
        | "consultation.completed"
        | "consultation.no_show"
        | "consultation.abandoned";
    };

export interface Disagreement {
  kind: DisagreementKind;
  /** undefined: only reported. */
  remedy?: Remedy;
}

/** How long after the end of an appointment its doctor may take to say how it ended: till then, that is nobody's concern. */
export const CLOSE_WITHIN_MS = 3 * 60 * 60_000;

/**
 * How a booking's payment and consultation (undefined: there is none) disagree with it. Nothing may be on its way
 * between the three. All remedies in the answer are the same one.
 */
export function evaluate(
  booking: ReconciledBooking,
  payment: PaymentSnapshot | undefined,
  consultation: ConsultationSnapshot | undefined,
  now: Date,
): Disagreement[] {
  const crossed = evaluateIds(booking, payment, consultation);
  // A booking's ids never change: its row was altered, and nothing may be told or heard by it.
  if (crossed.length > 0) return crossed;
  const hasEnded = consultation && NEWS_OF_END[consultation.status];
  // The expected payment is known only after scheduling has applied the end of the consultation.
  if (booking.status === "CONFIRMED" && hasEnded) {
    // Clinical marked the no-show before it applied the move. The event of the move reopens the consultation.
    if (isMissedUnheard(booking, consultation))
      return [{ kind: "CONSULTATION_TIMES_DIFFER", remedy: { tell: "rescheduled" } }];
    return [{ kind: "CONSULTATION_NOT_HEARD", remedy: { hear: hasEnded } }];
  }
  // The consultation's own end came first: an admin closed the booking before scheduling applied it.
  if (booking.closed && hasEnded && !consultation.closedByAdmin && !isMissedUnheard(booking, consultation))
    return [{ kind: "CONSULTATION_NOT_HEARD", remedy: { hear: hasEnded } }];
  // A late cancellation has crossed what the doctor did or missed: the fee goes back, as billing has heard from clinical.
  const isLate = booking.status === "CANCELLED" && booking.feeDecision === "CHARGE";
  if (isLate && hasEnded && isDoctorsDoing(consultation)) {
    return [{ kind: "CONSULTATION_NOT_HEARD", remedy: { hear: hasEnded } }];
  }
  return [
    ...evaluateConsultation(booking, consultation, now),
    ...evaluatePayment(booking, payment, consultation),
  ];
}

function evaluateIds(
  { id, consultationId, paymentId, fee }: ReconciledBooking,
  payment: PaymentSnapshot | undefined,
  consultation: ConsultationSnapshot | undefined,
): Disagreement[] {
  const crossed: Disagreement[] = [];
  if (fee && paymentId === null) crossed.push({ kind: "PAYMENT_ID_MISSING" });
  if (payment && !(payment.bookingId === id && payment.consultationId === consultationId))
    crossed.push({ kind: "PAYMENT_IDS_DIFFER" });
  if (consultation && !(consultation.bookingId === id && (consultation.paymentId ?? null) === paymentId))
    crossed.push({ kind: "CONSULTATION_IDS_DIFFER" });
  return crossed;
}

const isMissedUnheard = (booking: ReconciledBooking, consultation: ConsultationSnapshot): boolean =>
  consultation.status === "NO_SHOW" &&
  (!isAsBooked(consultation, booking) || (booking.movePending && consultation.noShowParty === "PATIENT"));

const isDoctorsDoing = ({ status, brokenOff, noShowParty, lateParty }: ConsultationSnapshot): boolean =>
  brokenOff ||
  (status === "NO_SHOW" && noShowParty !== "PATIENT") ||
  (status === "COMPLETED" && lateParty === "DOCTOR");

const NEWS_OF_END = {
  STATUS_UNSPECIFIED: undefined,
  SCHEDULED: undefined,
  WAITING: undefined,
  IN_PROGRESS: undefined,
  CANCELLED: undefined,
  COMPLETED: "consultation.completed",
  NO_SHOW: "consultation.no_show",
  ABANDONED: "consultation.abandoned",
} as const satisfies Record<Consultation_Status, string | undefined>;

function evaluateConsultation(
  booking: ReconciledBooking,
  consultation: ConsultationSnapshot | undefined,
  now: Date,
): Disagreement[] {
  switch (booking.status) {
    case "CONFIRMED":
      return evaluateConfirmed(booking, consultation, now);
    case "CANCELLED":
      return consultation ? evaluateCancelled(booking, consultation) : [];
    case "COMPLETED":
    case "NO_SHOW":
      if (booking.closed && !consultation?.closedByAdmin && consultation?.status !== "CANCELLED")
        return [{ kind: "CONSULTATION_LIVE_FOR_CLOSED", remedy: { tell: "closed" } }];
      if (consultation?.status !== booking.status) return [{ kind: "OUTCOME_DIFFERS" }];
      return isAsBooked(consultation, booking) ? [] : [{ kind: "CONSULTATION_TIMES_DIFFER" }];
    default:
      return consultation ? [{ kind: "CONSULTATION_UNEXPECTED" }] : [];
  }
}

function evaluateConfirmed(
  booking: ReconciledBooking,
  consultation: ConsultationSnapshot | undefined,
  now: Date,
): Disagreement[] {
  if (!consultation) return [{ kind: "CONSULTATION_MISSING", remedy: { tell: "confirmed" } }];
  switch (consultation.status) {
    case "SCHEDULED":
    case "WAITING":
      return isAsBooked(consultation, booking)
        ? [...evaluateAcceptance(booking, consultation), ...evaluateOpen(booking, now)]
        : [{ kind: "CONSULTATION_TIMES_DIFFER", remedy: { tell: "rescheduled" } }];
    case "IN_PROGRESS":
      if (!booking.started)
        return [{ kind: "CONSULTATION_NOT_HEARD", remedy: { hear: "consultation.started" } }];
      // Moved while it began: its end brings the booking back.
      return isAsBooked(consultation, booking)
        ? evaluateOpen(booking, now)
        : [{ kind: "CONSULTATION_TIMES_DIFFER" }];
    default:
      return [{ kind: "CONSULTATION_CANCELLED_FOR_CONFIRMED" }];
  }
}

/** A waiting patient has accepted the move, because joining accepts it. */
function evaluateAcceptance(
  { movePending }: ReconciledBooking,
  consultation: ConsultationSnapshot,
): Disagreement[] {
  if (movePending === consultation.movePending) return [];
  const kind = "MOVE_ACCEPTANCE_DIFFERS";
  if (!movePending) return [{ kind, remedy: { tell: "move_accepted" } }];
  const remedy: Remedy =
    consultation.status === "WAITING" ? { hear: "consultation.joined" } : { tell: "rescheduled" };
  return [{ kind, remedy }];
}

/** Before its authorization lapses the fee of one that nobody closes is taken, whether or not it took place. */
const evaluateOpen = ({ endTime }: ReconciledBooking, now: Date): Disagreement[] =>
  endTime.getTime() + CLOSE_WITHIN_MS <= now.getTime() ? [{ kind: "CONSULTATION_NOT_CLOSED" }] : [];

const isAsBooked = (its: ConsultationSnapshot, booked: ReconciledBooking): boolean =>
  isAt(its.startTime, booked.startTime) && isAt(its.endTime, booked.endTime);

const isAt = (time: Date | undefined, expected: Date): boolean => time?.getTime() === expected.getTime();

function evaluateCancelled({ started }: ReconciledBooking, { status }: ConsultationSnapshot): Disagreement[] {
  switch (status) {
    case "CANCELLED":
    case "ABANDONED":
      return [];
    case "COMPLETED":
    case "NO_SHOW":
      // Cancelled while nobody here had heard of it: each was decided where it was made, and holds.
      return started ? [{ kind: "OUTCOME_DIFFERS" }] : [];
    default:
      return [{ kind: "CONSULTATION_LIVE_FOR_CANCELLED", remedy: { tell: "cancelled" } }];
  }
}

function evaluatePayment(
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

/** Billing makes the payment when it is told; but of a booking that was paid once, a new one is not the same. */
function missingPayment(status: Booking_Status): Disagreement {
  const told = { PENDING_PAYMENT: "held", EXPIRED: "expired", CANCELLED: "cancelled" } as const;
  const tell = status in told ? told[status as keyof typeof told] : undefined;
  return { kind: "PAYMENT_MISSING", ...(tell && { remedy: { tell } }) };
}

/** One that was cancelled or let go waits for the end of the hold, which ends the booking. */
function evaluatePending({ status, feeDecision }: PaymentSnapshot): Disagreement[] {
  switch (status) {
    case "AUTHORIZED":
      return feeDecision === "FEE_DECISION_UNSPECIFIED"
        ? [PAYMENT_NOT_HEARD]
        : [{ kind: "SETTLEMENT_DIFFERS" }];
    case "CAPTURED":
    case "PARTIALLY_REFUNDED":
    case "REFUNDED":
      return [{ kind: "SETTLEMENT_DIFFERS" }];
    default:
      return [];
  }
}

const PAYMENT_NOT_HEARD: Disagreement = {
  kind: "PAYMENT_NOT_HEARD",
  remedy: { hear: "payment.authorized" },
};

const isSecured = ({ status, feeDecision }: PaymentSnapshot): boolean =>
  feeDecision !== "RELEASE" && (status === "AUTHORIZED" || DONE.CHARGE.includes(status));

/** Where a payment is when a decision was carried out. An admin may have returned a fee that was due. */
const DONE: Record<FeeDecision, readonly Payment_Status[]> = {
  RELEASE: ["CANCELLED", "VOIDED", "REFUNDED"],
  CHARGE: ["CAPTURED", "PARTIALLY_REFUNDED", "REFUNDED"],
};

/** From where billing can still carry a decision out: not once the provider has let go of a fee that was due, say. */
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
    // The provider's word decides: late, but possibly not too late.
    if (status === "PROCESSING") return [];
    if (status === "AUTHORIZED") return [PAYMENT_NOT_HEARD];
  }
  const isUndecided = feeDecision === "FEE_DECISION_UNSPECIFIED" && !DONE.RELEASE.includes(status);
  const kind = isUndecided ? "PAYMENT_OPEN_FOR_ENDED" : "SETTLEMENT_DIFFERS";
  // Billing lets a return prevail: to tell it of a charge again would change nothing.
  const wouldHelp = isUndecided || decision === "RELEASE";
  const tell = wouldHelp ? newsOfEnd(booking, status) : undefined;
  return [{ kind, ...(tell && { remedy: { tell } }) }];
}

/** Decision about an ended booking's money. */
function decisionOf(
  { status, feeDecision }: ReconciledBooking,
  consultation: ConsultationSnapshot | undefined,
): FeeDecision {
  if (feeDecision !== null) return feeDecision;
  // Ended before this release, without a stored decision.
  switch (status) {
    case "COMPLETED":
      return "CHARGE";
    case "NO_SHOW":
      return consultation?.noShowParty === "PATIENT" ? "CHARGE" : "RELEASE";
    default:
      return "RELEASE";
  }
}

/** Event that tells billing of the end. Clinical itself tells it of a fee that is due for a consultation. */
function newsOfEnd(
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
      // Ended before this release: no decision is stored.
      return feeDecision === null ? undefined : "fee_decided";
    case "EXPIRED":
      return payment === "REQUIRES_AUTHORIZATION" ? "expired" : "payment_refused";
    default:
      return undefined;
  }
}
