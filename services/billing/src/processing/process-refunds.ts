import { repeat } from "@medconnect/platform/jobs/jobs.ts";
import { inSpan, SpanKind } from "@medconnect/platform/telemetry/tracing.ts";
import { type Billing, SERVICE_ACTOR } from "../app.ts";
import { readPayment } from "../payments/payment-store.ts";
import { finishRefund, sendRefund } from "../refunds/finish-refund.ts";
import type { RefundRow } from "../refunds/refund.ts";
import { leaseDueRefunds } from "./due-store.ts";

/**
 * Job: sends due refunds to the provider. After a failure, a refund is sent again when its lease expires.
 * Several processes may run the job.
 */
export const processRefunds =
  (app: Billing) =>
  (signal?: AbortSignal): Promise<void> =>
    repeat(async () => {
      const due = await leaseDueRefunds(app.db, app.businessClock.now());
      await Promise.all(due.map((row) => processRefund(app, row)));
      return due.length > 0;
    }, signal);

async function processRefund(app: Billing, refund: RefundRow): Promise<void> {
  try {
    await inSpan("process refund", { kind: SpanKind.INTERNAL }, async () => {
      const payment = await readPayment(app.db, refund.paymentId);
      const outcome = await sendRefund(app, payment, refund);
      await finishRefund(app, refund, outcome, { actorId: SERVICE_ACTOR });
    });
  } catch (error) {
    const { id: refundId, processTries: tries } = refund;
    app.log.warn({ err: error, refundId, tries }, "refund processing failed; it is retried later");
  }
}
