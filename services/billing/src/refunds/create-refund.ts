import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { actorOf, type Call } from "@medconnect/platform/grpc/call.ts";
import type { CreateRefundRequest, Refund } from "@medconnect/proto/medconnect/billing/v1/refund_service.ts";
import type { Billing } from "../app.ts";
import type { PaymentRow } from "../payments/payment.ts";
import { findPayment, lockPayment } from "../payments/payment-store.ts";
import type { RefundOutcome } from "../providers/provider.ts";
import { finishRequestedRefund, sendRefund } from "./finish-refund.ts";
import { openRefund } from "./open-refund.ts";
import { newRefund, type RefundRow } from "./refund.ts";

/**
 * RefundService.CreateRefund, in three steps: one transaction commits the refund with its idempotency key,
 * the provider is called outside of any transaction, and another transaction commits the outcome. The
 * processing job finishes interrupted refunds.
 * Throws NOT_FOUND, REFUND_EXCEEDS_CAPTURED, and UNAVAILABLE after a restore.
 */
export async function createRefund(
  app: Billing,
  { paymentId, amountMinor, reason }: CreateRefundRequest,
  call: Call,
): Promise<Refund> {
  app.outbound.assertOpen();
  const payment = await findPayment(app.db, paymentId);
  if (!payment) throw new ApiError("NOT_FOUND");
  const keyId = app.calls.keyIdOf(call);
  const processTime = new Date(app.businessClock.now().getTime() + app.attemptLeaseMs);
  const refund = newRefund(app, paymentId, { amountMinor, reason, keyId, processTime });
  const firstAnswer = await app.calls.begin<Refund>(call, async (tx) =>
    openRefund(app, tx, await lockPayment(tx, paymentId), refund),
  );
  if (firstAnswer) return firstAnswer;
  const outcome = await outcomeOf(app, payment, refund);
  const by = { actorId: actorOf(call), call, keyId };
  const answer = await finishRequestedRefund(app, refund, outcome, by);
  if (answer instanceof ApiError) throw answer;
  return answer;
}

/** Outcome of the refund at the provider; undefined if the provider does not answer. */
async function outcomeOf(
  app: Billing,
  payment: PaymentRow,
  refund: RefundRow,
): Promise<RefundOutcome | undefined> {
  try {
    return await sendRefund(app, payment, refund);
  } catch (error) {
    app.log.warn({ err: error, paymentId: payment.id, refundId: refund.id }, "provider does not answer");
    return undefined;
  }
}
