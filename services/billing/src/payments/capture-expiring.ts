import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import { type Billing, SERVICE_ACTOR } from "../app.ts";
import { changePayment, entriesOf } from "./change-payment.ts";
import { decide, isExpiring } from "./payment-rules.ts";
import { findExpiring, lockPayment } from "./payment-store.ts";

/**
 * Decides to capture what the provider would soon let go of while the booking is still on: a consultation that is far
 * off, or late to be closed. Where the booking ends otherwise later on, the money goes back as a refund.
 */
export const captureExpiring =
  (app: Billing) =>
  async (signal?: AbortSignal): Promise<void> => {
    const soon = new Date(app.clock.now().getTime() + app.captureBeforeExpiryMs);
    const find = (limit: number) => findExpiring(app.db, soon, limit);
    const work = (id: string) => captureUnlessDecided(app, id, soon);
    await sweep({ find, work, failure: "capture before a lapse cannot be decided", signal }, app.log);
  };

async function captureUnlessDecided(app: Billing, id: string, soon: Date): Promise<void> {
  await app.transactions.run(SERVICE_ACTOR, async (tx) => {
    const before = await lockPayment(tx, id);
    // Decided or moved on since it was found.
    if (!isExpiring(before, soon)) return [];
    const after = { ...before, ...decide(before, "CHARGE") };
    return entriesOf(before, changePayment(app, tx, before, after));
  });
}
