import type { PaymentRow } from "./payment.ts";
import { decide, type FeeDecision } from "./payment-rules.ts";

/**
 * Applies a fee decision to the payment of an ended appointment. Every confirmed appointment with a fee has a
 * payment. If the payment is missing, this throws, so that the event is retried and shows up as undelivered.
 */
export function decideFee(before: PaymentRow | undefined, decision: FeeDecision): PaymentRow {
  if (!before) throw new Error("an appointment names a payment that does not exist");
  return { ...before, ...decide(before, decision) };
}
