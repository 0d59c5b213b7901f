import type { Trail } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Billing } from "../app.ts";
import { changePayment, trailsOf } from "./change-payment.ts";
import { decide, type Settlement } from "./payment-rules.ts";
import { lockPayments } from "./payment-store.ts";

/** Decides about the fees of ended appointments. @param decisions by payment id; "" for free bookings */
export async function decideFees(
  app: Billing,
  tx: Transaction,
  decisions: Map<string, Settlement>,
): Promise<Trail[]> {
  decisions.delete("");
  const rows = await lockPayments(tx, [...decisions.keys()]);
  // Every confirmed appointment was paid, so its payment must exist. Fail, so that the event is retried and noticed.
  if (rows.length < decisions.size) throw new Error("an appointment names a payment that does not exist");
  return rows.flatMap((before): Trail[] => {
    const after = { ...before, ...decide(before, decisions.get(before.id)!) };
    return trailsOf(before, changePayment(app, tx, before, after));
  });
}
