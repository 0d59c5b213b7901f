import { sweep } from "@medconnect/platform/jobs/sweep.ts";
import { type Billing, SETTLER } from "../app.ts";
import { changePayment, entriesOf } from "./change-payment.ts";
import { decide, isLapsing } from "./payment-rules.ts";
import { findLapsing, lockPayment } from "./payment-store.ts";

/**
 * Decides to capture what the provider would soon let go of while the booking is still on: a consultation that is far
 * off, or late to be closed. Where the booking ends otherwise later on, the money goes back as a refund.
 */
export const captureLapsing =
  (app: Billing) =>
  async (signal?: AbortSignal): Promise<void> => {
    const soon = new Date(app.clock.now().getTime() + app.captureBeforeLapseMs);
    const find = (limit: number) => findLapsing(app.db, soon, limit);
    const work = (id: string) => captureUnlessDecided(app, id, soon);
    await sweep({ find, work, failure: "capture before a lapse cannot be decided", signal }, app.log);
  };

async function captureUnlessDecided(app: Billing, id: string, soon: Date): Promise<void> {
  await app.transactions.run(SETTLER, async (tx) => {
    const before = await lockPayment(tx, id);
    // Decided or moved on since it was found.
    if (!isLapsing(before, soon)) return [];
    const after = { ...before, ...decide(before, "CHARGE") };
    return entriesOf(before, changePayment(app, tx, before, after));
  });
}
