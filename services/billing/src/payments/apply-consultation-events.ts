import { stateOf } from "@medconnect/platform/inbox/state-of.ts";
import type { ConsultationState } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Billing } from "../app.ts";
import { applyToPayments } from "./apply-to-payments.ts";
import { decideFee } from "./decide-fee.ts";
import type { FeeDecision } from "./payment-rules.ts";

/**
 * Fee decision for each way in which a consultation ends. The fee is charged if the consultation took place
 * and the doctor was not late, or if only the patient was missing.
 */
export const FEE_DECISIONS = {
  "consultation.completed": ({ lateParty }) => (lateParty === "DOCTOR" ? "RELEASE" : "CHARGE"),
  "consultation.no_show": ({ noShowParty }) => (noShowParty === "PATIENT" ? "CHARGE" : "RELEASE"),
  "consultation.abandoned": () => "RELEASE",
} as const satisfies Record<string, (consultation: ConsultationState) => FeeDecision>;

/** consultation.completed, consultation.no_show, consultation.abandoned: decides the fee. */
export const applyConsultationEnded = (app: Billing, type: keyof typeof FEE_DECISIONS) =>
  applyToPayments(
    app,
    (event) => {
      const { paymentId, bookingId } = stateOf(event, "consultation");
      return { id: paymentId, bookingId, consultationId: event.aggregateId };
    },
    (row, event) => decideFee(row, FEE_DECISIONS[type](stateOf(event, "consultation"))),
  );
