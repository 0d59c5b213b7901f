import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Refund } from "@medconnect/proto/medconnect/billing/v1/refund_service.ts";
import type { Billing } from "../app.ts";
import type { PaymentRow } from "../payments/payment.ts";
import type { RefundStatus } from "../providers/provider.ts";

/** A refund as stored. The amount is in minor units of the payment's currency. */
export interface RefundRow {
  id: string;
  paymentId: string;
  status: RefundStatus;
  amountMinor: number;
  /** Encrypted. */
  reason: Buffer;
  /**
   * Idempotency key of the request for the refund. The outcome is stored as the response to this key. Null
   * for a refund by a job.
   */
  keyId: Buffer | null;
  /** Id that the provider gave the refund; null until the provider has answered. */
  providerReference: string | null;
  createTime: Date;
  /** Time of the next try; null once the refund has ended. */
  processTime: Date | null;
  processTries: number;
}

export type RefundOptions = Pick<RefundRow, "amountMinor" | "keyId" | "processTime"> & { reason: string };

const reasonContext = ({ id, paymentId }: Pick<RefundRow, "id" | "paymentId">): string =>
  `refunds.reason:${id}:${paymentId}`;

export function newRefund(
  app: Billing,
  paymentId: string,
  { amountMinor, reason, keyId, processTime }: RefundOptions,
): RefundRow {
  const ids = { id: newId(), paymentId };
  return {
    ...ids,
    status: "PENDING",
    amountMinor,
    reason: app.cipher.encrypt(reasonContext(ids), reason),
    keyId,
    providerReference: null,
    createTime: app.businessClock.now(),
    processTime,
    processTries: 0,
  };
}

export const toRefund = (app: Billing, { currency }: PaymentRow, row: RefundRow): Refund => ({
  id: row.id,
  paymentId: row.paymentId,
  status: row.status,
  amount: { currencyCode: currency, amountMinor: row.amountMinor },
  reason: app.cipher.decrypt(reasonContext(row), row.reason).toString(),
  createTime: row.createTime,
});

export const refundEntry = (
  payment: PaymentRow,
  refund: RefundRow,
  kind: Pick<AuditEntry, "action" | "outcome">,
): AuditEntry => ({
  ...kind,
  resource: `payments/${payment.id}/refunds/${refund.id}`,
  subjectIds: [payment.patientId, payment.doctorId],
});
