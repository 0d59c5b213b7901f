import type { Billing } from "./app.ts";
import { settlePayments } from "./payments/settle-payments.ts";
import { settleRefunds } from "./refunds/settle-refunds.ts";

/** Carries out all that is due: first what may make refunds, then refunds. */
export const settleAll = (app: Billing) => {
  const [payments, refunds] = [settlePayments(app), settleRefunds(app)];
  return async (): Promise<void> => {
    await payments();
    await refunds();
  };
};
