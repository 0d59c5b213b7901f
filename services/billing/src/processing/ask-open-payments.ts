import type { Billing } from "../app.ts";
import { findAttempt } from "../payments/attempt-store.ts";
import type { PaymentRow } from "../payments/payment.ts";
import { currentAttempt, finishAttempt } from "../payments/payment-attempt.ts";
import { listOpenPayments } from "./open-payment-store.ts";

/** Number of payments that the provider is asked about concurrently. */
const PAGE = 20;
const ACTOR = "command:restore";

/**
 * Job: after a restore, asks the provider about every payment with an attempt that is neither captured nor over, and
 * applies the answers. The provider may have captured or voided charges after the moment of the restore. Only then can
 * an operator confirm the restore. Throws if the provider does not answer for a payment; the next run asks again.
 */
export const askAboutOpenPayments =
  (app: Billing) =>
  async (signal?: AbortSignal): Promise<void> => {
    if (!app.outbound.awaitsReadiness) return;
    const answers: Record<string, number> = {};
    let page: PaymentRow[] = [];
    do {
      signal?.throwIfAborted();
      page = await listOpenPayments(app.db, page.at(-1)?.id, PAGE);
      for (const answer of await Promise.all(page.map((row) => ask(app, row)))) {
        answers[answer] = (answers[answer] ?? 0) + 1;
      }
    } while (page.length === PAGE);
    await app.outbound.markReady();
    app.log.info({ answers }, "asked the provider about all open payments");
  };

/** @returns the status of the charge; UNKNOWN if the provider does not have it */
async function ask(app: Billing, row: PaymentRow): Promise<string> {
  const attemptId = currentAttempt(row);
  const attempt = await findAttempt(app.db, attemptId);
  if (!attempt) throw new Error(`attempt ${attemptId} does not exist`);
  // Until the replaced attempt is cancelled, the reference is that of its charge.
  const reference = row.replacedAttemptId === null ? row.providerReference : null;
  const charge = await app.providers.of(row).find({ attemptId, reference });
  if (charge) await finishAttempt(app, attempt, charge, { actorId: ACTOR });
  return charge?.status ?? "UNKNOWN";
}
