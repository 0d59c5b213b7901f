import type { Trail } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Billing } from "../app.ts";
import { changePayment, trailsOf } from "./change-payment.ts";
import { decide, type Settlement } from "./payment-rules.ts";
import { lockPayments } from "./payment-store.ts";

/** Decides about the fees of appointments that are over. @param decisions by payment id; a free booking has none: "" */
export async function decideFees(
  app: Billing,
  tx: Transaction,
  decisions: Map<string, Settlement>,
): Promise<Trail[]> {
  decisions.delete("");
  const rows = await lockPayments(tx, [...decisions.keys()]);
  // An appointment was paid before it was confirmed: fail, so that the event is tried again and seen, rather than lose a fee.
  if (rows.length < decisions.size) throw new Error("an appointment names a payment that is not there");
  return rows.flatMap((before): Trail[] => {
    const after = { ...before, ...decide(before, decisions.get(before.id)!) };
    return trailsOf(before, changePayment(app, tx, before, after));
  });
}
