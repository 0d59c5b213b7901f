import { figures } from "@medconnect/platform/stats/figures.ts";
import { byName } from "@medconnect/platform/stats/utc-days.ts";
import type { PaymentStats } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Billing } from "../app.ts";
import { countByStatus, sumRevenue } from "./payment-store.ts";

/** PaymentService.GetPaymentStats. Figures are at most 15 s old. */
export const getPaymentStats = figures("stats/payments", async (app: Billing): Promise<PaymentStats> => {
  // One after the other, because there are few connections for scans.
  const statuses = await countByStatus(app.db);
  const revenue = await sumRevenue(app.db);
  return {
    paymentsByStatus: byName(statuses),
    revenue: revenue.map(({ currency, minor }) => ({ currencyCode: currency, amountMinor: Number(minor) })),
  };
});
