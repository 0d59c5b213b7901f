import { decide, type FeeDecision } from "./payment-rules.ts";
import type { PaymentRow } from "./payment-store.ts";

/** The payment of an ended appointment after a decision about its fee. */
export function decideFee(before: PaymentRow | undefined, decision: FeeDecision): PaymentRow {
  // Every confirmed appointment was paid, so its payment must exist. Fail, so that the event is retried and noticed.
  if (!before) throw new Error("an appointment names a payment that does not exist");
  return { ...before, ...decide(before, decision) };
}
