import { newId } from "@medconnect/platform/ids/ids.ts";
import type { FeeDecision } from "@medconnect/proto/medconnect/common/v1/fee_decision.ts";
import type { ConsultationState_Party } from "@medconnect/proto/medconnect/events/v1/events.ts";

export const HOLD_MS = 15 * 60_000;

/** A new booking of 50 USD, with an event for each way in which the booking may end. */
export function bookingEvents(patientId: string, paymentId: string, now: Date) {
  const [bookingId, consultationId] = [newId(), newId()];
  const state = {
    slotId: newId(),
    doctorId: newId(),
    patientId,
    consultationId,
    paymentId,
    fee: { currencyCode: "USD", amountMinor: 5000 },
    holdExpireTime: new Date(now.getTime() + HOLD_MS),
  };
  const booking = (type: string, version: number, feeDecision: FeeDecision) => ({
    type,
    aggregateId: bookingId,
    version,
    state: { $case: "booking" as const, value: { ...state, feeDecision } },
  });
  const consultation = (
    type: string,
    noShowParty: ConsultationState_Party = "PARTY_UNSPECIFIED",
    lateParty: ConsultationState_Party = "PARTY_UNSPECIFIED",
  ) => ({
    type,
    aggregateId: consultationId,
    version: 1,
    state: { $case: "consultation" as const, value: { bookingId, paymentId, noShowParty, lateParty } },
  });
  return {
    bookingId,
    paymentId,
    held: booking("booking.held", 1, "FEE_DECISION_UNSPECIFIED"),
    expired: booking("booking.expired", 2, "RELEASE"),
    cancelledFree: booking("booking.cancelled", 3, "RELEASE"),
    cancelledLate: booking("booking.cancelled", 3, "CHARGE"),
    refused: booking("booking.payment_refused", 4, "RELEASE"),
    closedCharged: booking("booking.closed", 5, "CHARGE"),
    closedReleased: booking("booking.closed", 5, "RELEASE"),
    completed: consultation("consultation.completed"),
    completedWithLatePatient: consultation("consultation.completed", undefined, "PATIENT"),
    completedByLateDoctor: consultation("consultation.completed", undefined, "DOCTOR"),
    missedByPatient: booking("booking.fee_decided", 5, "CHARGE"),
    missedByOthers: booking("booking.fee_decided", 5, "RELEASE"),
    noShowOfPatient: consultation("consultation.no_show", "PATIENT"),
    noShowOfDoctor: consultation("consultation.no_show", "DOCTOR"),
    noShowOfBoth: consultation("consultation.no_show", "BOTH"),
    abandoned: consultation("consultation.abandoned"),
  };
}
