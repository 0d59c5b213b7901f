import type { Trail } from "@medconnect/platform/changes.ts";
import type { EventHandler } from "@medconnect/platform/inbox/inbox.ts";
import type { ConsultationState } from "@medconnect/proto/medconnect/events/v1/events.ts";
import type { Billing } from "../app.ts";
import { changePayment, trailsOf } from "./change-payment.ts";
import { decide, type Settlement } from "./payment-rules.ts";
import { lockPayments } from "./payment-store.ts";

/** What a consultation's end means for the fee: due where it took place or the patient stayed away. */
const DECISIONS = {
  "consultation.completed": () => "CAPTURE",
  "consultation.no_show": ({ noShowParty }) => (noShowParty === "PATIENT" ? "CAPTURE" : "RETURN"),
  "consultation.abandoned": () => "RETURN",
} as const satisfies Record<string, (consultation: ConsultationState) => Settlement>;

/** consultation.completed, .no_show, .abandoned: captures, or gives back. */
export const applyConsultationEnded =
  (app: Billing, type: keyof typeof DECISIONS): EventHandler =>
  async (tx, events) => {
    const decisions = new Map(
      events.map(({ consultation }) => [consultation!.paymentId, DECISIONS[type](consultation!)]),
    );
    // A free booking names no payment.
    decisions.delete("");
    const rows = await lockPayments(tx, [...decisions.keys()]);
    // What took place was paid: fail, so that the event is tried again and seen, rather than lose a fee.
    if (rows.length < decisions.size) throw new Error("a consultation names a payment that is not there");
    return rows.flatMap((before): Trail[] => {
      const after = { ...before, ...decide(before, decisions.get(before.id)!) };
      return trailsOf(before, changePayment(app, tx, before, after));
    });
  };
