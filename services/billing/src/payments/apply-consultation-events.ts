import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import type { ConsultationState } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Billing } from "../app.ts";
import { decideFees } from "./decide-fees.ts";
import type { Settlement } from "./payment-rules.ts";

/** Fee decision of each end: due if the doctor came in time and it took place, or if only the patient was missing. */
export const FEE_DECISIONS = {
  "consultation.completed": ({ lateParty }) => (lateParty === "DOCTOR" ? "RETURN" : "CAPTURE"),
  "consultation.no_show": ({ noShowParty }) => (noShowParty === "PATIENT" ? "CAPTURE" : "RETURN"),
  "consultation.abandoned": () => "RETURN",
} as const satisfies Record<string, (consultation: ConsultationState) => Settlement>;

/** consultation.completed, .no_show, .abandoned: captures, or gives back. */
export const applyConsultationEnded =
  (app: Billing, type: keyof typeof FEE_DECISIONS): EventHandler =>
  async (tx, events) => {
    const decisions = events.map(
      ({ consultation }) => [consultation!.paymentId, FEE_DECISIONS[type](consultation!)] as const,
    );
    return await decideFees(app, tx, new Map(decisions));
  };
