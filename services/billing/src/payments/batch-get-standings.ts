import { findUndelivered } from "@medconnect/platform/outbox/outbox-store.ts";
import type {
  BatchGetPaymentStandingsRequest,
  BatchGetPaymentStandingsResponse,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Billing } from "../app.ts";
import { findStandings } from "./standing-store.ts";

/** PaymentService.BatchGetPaymentStandings. */
export const batchGetPaymentStandings = async (
  app: Billing,
  { paymentIds }: BatchGetPaymentStandingsRequest,
): Promise<BatchGetPaymentStandingsResponse> =>
  await app.db.transaction(async (tx) => {
    const rows = await findStandings(tx, paymentIds);
    const undelivered = await findUndelivered(tx, paymentIds);
    const standings = rows.map((row) => ({
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
    return { standings };
  });
