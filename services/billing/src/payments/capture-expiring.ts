import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import { type Billing, SERVICE_ACTOR } from "../app.ts";
import { changePayment, entriesOf } from "./change-payment.ts";
import { decide, isExpiring } from "./payment-rules.ts";
import { findExpiring, lockPayment } from "./payment-store.ts";

/**
 * Job: decides to charge the fee if an authorization is about to expire before the booking has ended. If the
 * booking later ends with the fee decision RELEASE, the fee is refunded.
 */
export const captureExpiring =
  (app: Billing) =>
  async (signal?: AbortSignal): Promise<void> => {
    const by = new Date(app.businessClock.now().getTime() + app.captureBeforeExpiryMs);
    const find = (limit: number) => findExpiring(app.db, by, limit);
    const work = (id: string) => chargeExpiring(app, id, by);
    await sweep(
      { find, work, failure: "cannot decide to capture an expiring authorization", signal },
      app.log,
    );
  };

async function chargeExpiring(app: Billing, id: string, by: Date): Promise<void> {
  await app.transactions.run(SERVICE_ACTOR, async (tx) => {
    const before = await lockPayment(tx, id);
    // The payment was changed after the search, and needs no capture any more.
    if (!isExpiring(before, by)) return [];
    const after = { ...before, ...decide(before, "CHARGE") };
    return entriesOf(before, changePayment(app, tx, before, after));
  });
}
