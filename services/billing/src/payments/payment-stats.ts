import { figures } from "@medconnect/platform/stats/figures.ts";
import { byName } from "@medconnect/platform/stats/utc-days.ts";
import type { PaymentStats } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Billing } from "../app.ts";
import { countByStatus, sumRevenue } from "./payment-list-store.ts";

/** PaymentService.GetPaymentStats. The figures are at most 15 s old. */
export const getPaymentStats = figures("stats/payments", async (app: Billing): Promise<PaymentStats> => {
  // The queries run one after the other, because all scans share a few connections.
  const statuses = await countByStatus(app.db);
  const revenue = await sumRevenue(app.db);
  return {
    paymentsByStatus: byName(statuses),
    revenue: revenue.map(({ currency, minor }) => ({ currencyCode: currency, amountMinor: Number(minor) })),
  };
});
