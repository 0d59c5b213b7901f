import { findUndelivered } from "@medconnect/platform/outbox/outbox-store.ts";
import type {
  BatchGetPaymentSnapshotsRequest,
  BatchGetPaymentSnapshotsResponse,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Billing } from "../app.ts";
import { findSnapshots } from "./snapshot-store.ts";

/** PaymentService.BatchGetPaymentSnapshots. Leaves out unknown ids. */
export const batchGetPaymentSnapshots = async (
  app: Billing,
  { paymentIds }: BatchGetPaymentSnapshotsRequest,
): Promise<BatchGetPaymentSnapshotsResponse> =>
  await app.db.transaction(async (tx) => {
    const rows = await findSnapshots(tx, paymentIds);
    const undelivered = await findUndelivered(tx, paymentIds);
    const snapshots = rows.map((row) => ({
      paymentId: row.id,
      bookingId: row.bookingId,
      consultationId: row.consultationId,
      status: row.status,
      feeDecision: row.feeDecision ?? ("FEE_DECISION_UNSPECIFIED" as const),
      amount: { currencyCode: row.currency, amountMinor: row.amountMinor },
      authorizeTime: row.authorizeTime ?? undefined,
      version: row.version,
      inFlight: undelivered.get(row.id) === "WAITING",
    }));
    return { snapshots };
  });
