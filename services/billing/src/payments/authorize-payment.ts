import type { Trail } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError, hiddenFrom } from "@medconnect/platform/errors/api-error.ts";
import { actorOf, type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type {
  AuthorizePaymentRequest,
  Payment,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Billing } from "../app.ts";
import type { Charge, Provider } from "../providers/provider.ts";
import { type AttemptRow, insertAttempt } from "./attempt-store.ts";
import { trailsOf } from "./change-payment.ts";
import { finishAttempt, newAttempt, sendAttempt } from "./payment-attempt.ts";
import { assertAuthorizable } from "./payment-rules.ts";
import { findPayment, lockPayment, type PaymentRow, savePayment } from "./payment-store.ts";

/**
 * PaymentService.AuthorizePayment, in three steps: the attempt is committed together with its idempotency key; the
 * provider is called, outside of any transaction; the outcome is committed. Whatever is cut short, the settler ends.
 * Throws NOT_FOUND, HOLD_EXPIRED, ILLEGAL_TRANSITION, PAYMENT_DECLINED.
 */
export const authorizePayment =
  (app: Billing) =>
  async ({ paymentId, paymentMethod }: AuthorizePaymentRequest, call: Call): Promise<Payment> => {
    const payment = await findPayment(app.db, paymentId);
    if (!payment) throw new ApiError("NOT_FOUND");
    if (payment.patient_id !== userOf(call).userId)
      throw hiddenFrom(`payments/${payment.id}`, payment.patient_id);
    const provider = app.providers.current;
    const attempt = newAttempt(app, paymentId, paymentMethod, app.changes.keyIdOf(call));
    const firstAnswer = await app.changes.begin<Payment>(call, (tx) =>
      beginAttempt(app, tx, provider, attempt),
    );
    if (firstAnswer) return firstAnswer;
    const charge = await heardOf(app, provider, payment, attempt);
    const answer = await finishAttempt(app, attempt, charge, { actorId: actorOf(call), call });
    if (answer instanceof ApiError) throw answer;
    return answer;
  };

/** Puts the attempt under way; the settler takes it up if this request has not ended it within its lease. */
async function beginAttempt(
  app: Billing,
  tx: Transaction,
  provider: Provider,
  attempt: AttemptRow,
): Promise<Trail[]> {
  const now = app.clock.now();
  const row = await lockPayment(tx, attempt.payment_id);
  assertAuthorizable(row.status, row.hold_expire_time, now);
  const begun: PaymentRow = {
    ...row,
    status: "PROCESSING",
    attempt_id: attempt.id,
    provider: provider.name,
    provider_reference: null,
    last_error: null,
    version: row.version + 1,
    settle_time: new Date(now.getTime() + app.attemptLeaseMs),
    settle_tries: 0,
    due_since: now,
  };
  insertAttempt(tx, attempt, now);
  savePayment(tx, begun);
  return trailsOf(row, begun);
}

/** What the provider says; undefined where it gives no answer, so that the outcome is not known yet. */
async function heardOf(
  app: Billing,
  provider: Provider,
  payment: PaymentRow,
  attempt: AttemptRow,
): Promise<Charge | undefined> {
  try {
    return await sendAttempt(app, provider, payment, attempt);
  } catch (error) {
    app.log.warn({ err: error, paymentId: payment.id, attemptId: attempt.id }, "provider does not answer");
    return undefined;
  }
}
