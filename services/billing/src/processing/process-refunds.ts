import { repeat } from "@medconnect/platform/jobs/jobs.ts";
import { inSpan, SpanKind } from "@medconnect/platform/telemetry/tracing.ts";
import { type Billing, SERVICE_ACTOR } from "../app.ts";
import { findPayment } from "../payments/payment-store.ts";
import { finishRefund, sendRefund } from "../refunds/finish-refund.ts";
import { type RefundRow, takeDueRefunds } from "../refunds/refund-store.ts";

/** Carries out the refunds that are due. What fails is due again later; several settlers may run. */
export const processRefunds =
  (app: Billing) =>
  (signal?: AbortSignal): Promise<void> =>
    repeat(async () => {
      const due = await takeDueRefunds(app.db, app.clock.now());
      await Promise.all(due.map((row) => processRefund(app, row)));
      return due.length > 0;
    }, signal);

async function processRefund(app: Billing, refund: RefundRow): Promise<void> {
  try {
    await inSpan("process refund", { kind: SpanKind.INTERNAL }, async () => {
      const payment = await findPayment(app.db, refund.payment_id);
      const outcome = await sendRefund(app, payment!, refund);
      await finishRefund(app, refund, outcome, { actorId: SERVICE_ACTOR });
    });
  } catch (error) {
    const { id: refundId, process_tries: tries } = refund;
    app.log.warn({ err: error, refundId, tries }, "refund processing failed; it is retried later");
  }
}
