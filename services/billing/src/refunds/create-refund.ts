import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { actorOf, type Call } from "@medconnect/platform/grpc/call.ts";
import type { CreateRefundRequest, Refund } from "@medconnect/proto/medconnect/billing/v1/refund_service.ts";
import type { Billing } from "../app.ts";
import { findPayment, lockPayment, type PaymentRow } from "../payments/payment-store.ts";
import type { RefundOutcome } from "../providers/provider.ts";
import { finishRefund, sendRefund } from "./finish-refund.ts";
import { newRefund, openRefund } from "./refund.ts";
import type { RefundRow } from "./refund-store.ts";

/**
 * RefundService.CreateRefund, in three steps as an authorization: the refund is committed together with its idempotency
 * key; the provider is called, outside of any transaction; the outcome is committed. Whatever is cut short, the settler
 * ends. Throws NOT_FOUND, REFUND_EXCEEDS_CAPTURED.
 */
export async function createRefund(
  app: Billing,
  { paymentId, amountMinor, reason }: CreateRefundRequest,
  call: Call,
): Promise<Refund> {
  const payment = await findPayment(app.db, paymentId);
  if (!payment) throw new ApiError("NOT_FOUND");
  const refund = newRefund(app, paymentId, {
    amountMinor,
    reason,
    keyId: app.calls.keyIdOf(call),
    processTime: new Date(app.clock.now().getTime() + app.attemptLeaseMs),
  });
  const firstAnswer = await app.calls.begin<Refund>(call, async (tx) =>
    openRefund(app, tx, await lockPayment(tx, paymentId), refund),
  );
  if (firstAnswer) return firstAnswer;
  const outcome = await heardOf(app, payment, refund);
  const answer = await finishRefund(app, refund, outcome, { actorId: actorOf(call), call });
  if (answer instanceof ApiError) throw answer;
  return answer!;
}

/** What the provider says; undefined where it gives no answer, so that the outcome is not known yet. */
async function heardOf(
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
