import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Billing } from "../app.ts";
import { changePayment } from "../payments/change-payment.ts";
import type { PaymentRow } from "../payments/payment.ts";
import { type RefundRow, refundEntry } from "./refund.ts";
import { beginRefund } from "./refund-rules.ts";
import { insertRefund } from "./refund-store.ts";

/**
 * Writes a pending refund of a locked payment, to be sent to the provider after the commit. Throws
 * REFUND_EXCEEDS_CAPTURED.
 */
export function openRefund(
  app: Billing,
  tx: Transaction,
  payment: PaymentRow,
  refund: RefundRow,
): AuditEntry[] {
  const after = changePayment(app, tx, payment, beginRefund(payment, refund.amountMinor));
  insertRefund(tx, refund);
  return [refundEntry(after, refund, { action: "refund.create" })];
}
