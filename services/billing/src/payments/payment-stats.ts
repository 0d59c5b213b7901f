import { byName } from "@medconnect/platform/utc-days.ts";
import type { PaymentStats } from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Billing } from "../app.ts";
import { countByStatus, sumRevenue } from "./payment-store.ts";

/** PaymentService.GetPaymentStats. */
export const getPaymentStats = (app: Billing) => async (): Promise<PaymentStats> => {
  const [statuses, revenue] = await Promise.all([countByStatus(app.db), sumRevenue(app.db)]);
  return {
    paymentsByStatus: byName(statuses),
    revenue: revenue.map(({ currency, minor }) => ({ currencyCode: currency, amountMinor: Number(minor) })),
  };
};
