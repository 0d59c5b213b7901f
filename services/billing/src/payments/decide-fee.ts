import type { PaymentRow } from "./payment.ts";
import { decide, type FeeDecision } from "./payment-rules.ts";

/**
 * The payment of an ended appointment after a fee decision. Every confirmed appointment has a payment. If the
 * payment is missing, throws, so that the event is retried and shows up as undelivered.
 */
export function decideFee(before: PaymentRow | undefined, decision: FeeDecision): PaymentRow {
  if (!before) throw new Error("an appointment names a payment that does not exist");
  return { ...before, ...decide(before, decision) };
}
