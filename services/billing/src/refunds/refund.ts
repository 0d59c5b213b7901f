import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Refund } from "@medconnect/proto/medconnect/billing/v1/refund_service.ts";
import type { Billing } from "../app.ts";
import { changePayment } from "../payments/change-payment.ts";
import type { PaymentRow } from "../payments/payment-store.ts";
import { beginRefund } from "./refund-rules.ts";
import { insertRefund, type RefundRow } from "./refund-store.ts";

const reasonContext = ({ id, payment_id }: Pick<RefundRow, "id" | "payment_id">): string =>
  `refunds.reason:${id}:${payment_id}`;

/** How much is to go back, why, and who waits for it. */
interface Wish {
  amountMinor: number;
  reason: string;
  /** The idempotency key whose answer is the outcome; null where nobody asked. */
  keyId: Buffer | null;
  /** When the settler takes it up. */
  processTime: Date;
}

/** A refund that is not under way yet. */
export function newRefund(app: Billing, paymentId: string, wish: Wish): RefundRow {
  const owned = { id: newId(), payment_id: paymentId };
  return {
    ...owned,
    status: "PENDING",
    amount_minor: wish.amountMinor,
    reason: app.cipher.encrypt(reasonContext(owned), wish.reason),
    key_id: wish.keyId,
    provider_reference: null,
    create_time: app.clock.now(),
    process_time: wish.processTime,
    process_tries: 0,
  };
}

/** Puts a refund of a locked payment under way. Throws REFUND_EXCEEDS_CAPTURED. */
export function openRefund(
  app: Billing,
  tx: Transaction,
  payment: PaymentRow,
  refund: RefundRow,
): AuditEntry[] {
  const after = changePayment(app, tx, payment, beginRefund(payment, refund.amount_minor));
  insertRefund(tx, refund);
  return [refundEntry(after, refund, { action: "refund.create" })];
}

export const toRefund = (app: Billing, { currency }: PaymentRow, row: RefundRow): Refund => ({
  id: row.id,
  paymentId: row.payment_id,
  status: row.status,
  amount: { currencyCode: currency, amountMinor: row.amount_minor },
  reason: app.cipher.decrypt(reasonContext(row), row.reason).toString(),
  createTime: row.create_time,
});

export const refundEntry = (
  payment: PaymentRow,
  refund: RefundRow,
  kind: Pick<AuditEntry, "action" | "outcome">,
): AuditEntry => ({
  ...kind,
  resource: `payments/${payment.id}/refunds/${refund.id}`,
  subjectIds: [payment.patient_id, payment.doctor_id],
});
