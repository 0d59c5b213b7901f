import type { PaymentSnapshot } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type {
  Consultation_Status,
  ConsultationSnapshot,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { evaluateConsultation, isAsBooked } from "./consultation-rules.ts";
import type { Disagreement, ReconciledBooking } from "./disagreement.ts";
import { evaluatePayment } from "./payment-rules.ts";

/**
 * Finds disagreements of a booking with its payment and consultation. The caller must have checked that no
 * event about any of the three is in flight. If several disagreements of a booking have a remedy, they all
 * have the same remedy.
 *
 * @param payment undefined if the payment does not exist
 * @param consultation undefined if the consultation does not exist
 */
export function evaluate(
  booking: ReconciledBooking,
  payment: PaymentSnapshot | undefined,
  consultation: ConsultationSnapshot | undefined,
  now: Date,
): Disagreement[] {
  const crossed = evaluateIds(booking, payment, consultation);
  // The ids of a booking never change. If ids differ, somebody has altered a row, and the content of that row
  // must not be used for repairs.
  if (crossed.length > 0) return crossed;
  const endEvent = consultation && END_EVENTS[consultation.status];
  // The payment is not evaluated, because its expected state is known only after scheduling has applied the
  // end of the consultation.
  if (booking.status === "CONFIRMED" && endEvent) {
    // Clinical recorded the no-show before it heard that the booking was rescheduled, so the no-show has no
    // effect. When clinical gets the event again, it reopens the consultation.
    if (isVoidNoShow(booking, consultation))
      return [{ kind: "CONSULTATION_TIMES_DIFFER", remedy: { send: "rescheduled" } }];
    return [{ kind: "CONSULTATION_NOT_HEARD", remedy: { apply: endEvent } }];
  }
  // The consultation ended before clinical learned that an admin had closed the booking. The end of the
  // consultation replaces the closing, but scheduling has not applied that end yet.
  if (booking.closed && endEvent && !consultation.closedByAdmin && !isVoidNoShow(booking, consultation))
    return [{ kind: "CONSULTATION_NOT_HEARD", remedy: { apply: endEvent } }];
  // The patient cancelled late and was charged. But before clinical learned of the cancellation, the
  // consultation ended by the doctor's fault. Clinical has told billing to release the fee, but scheduling
  // does not know yet how the consultation ended.
  const isLate = booking.status === "CANCELLED" && booking.feeDecision === "CHARGE";
  if (isLate && endEvent && isDoctorsFault(consultation)) {
    return [{ kind: "CONSULTATION_NOT_HEARD", remedy: { apply: endEvent } }];
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

/**
 * True for a no-show that has no effect. Either it was recorded for another time than the booking's, or the
 * patient missed a time that they had not accepted.
 */
const isVoidNoShow = (booking: ReconciledBooking, consultation: ConsultationSnapshot): boolean =>
  consultation.status === "NO_SHOW" &&
  (!isAsBooked(consultation, booking) || (booking.movePending && consultation.noShowParty === "PATIENT"));

/** True if the fee is released because the doctor was late, did not come, or broke the consultation off. */
const isDoctorsFault = ({ status, brokenOff, noShowParty, lateParty }: ConsultationSnapshot): boolean =>
  brokenOff ||
  (status === "NO_SHOW" && noShowParty !== "PATIENT") ||
  (status === "COMPLETED" && lateParty === "DOCTOR");

/** Event that clinical sends for each end of a consultation; undefined for statuses without one. */
const END_EVENTS = {
  STATUS_UNSPECIFIED: undefined,
  SCHEDULED: undefined,
  WAITING: undefined,
  IN_PROGRESS: undefined,
  CANCELLED: undefined,
  COMPLETED: "consultation.completed",
  NO_SHOW: "consultation.no_show",
  ABANDONED: "consultation.abandoned",
} as const satisfies Record<Consultation_Status, string | undefined>;
