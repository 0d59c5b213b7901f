import { changed, type Effect, unchanged } from "@medconnect/platform/changes/effect.ts";
import type { PendingCall } from "@medconnect/platform/changes/pending-call.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Refund, RefundServiceService } from "@medconnect/proto/medconnect/billing/v1/refund_service.ts";
import type { Billing } from "../app.ts";
import { refundEntries, refundReversalEntries } from "../ledger/ledger-rules.ts";
import { bookMovement } from "../ledger/ledger-store.ts";
import { changePayment, entriesOf } from "../payments/change-payment.ts";
import { amountOf, type PaymentRow } from "../payments/payment.ts";
import { currentAttempt } from "../payments/payment-attempt.ts";
import { lockPayment } from "../payments/payment-store.ts";
import type { RefundOutcome } from "../providers/provider.ts";
import { type RefundRow, refundEntry, toRefund } from "./refund.ts";
import { endRefund, retryDelayMs, reverseRefund } from "./refund-rules.ts";
import { countFailed, lockRefund, saveRefund } from "./refund-store.ts";

/** Sends a refund to the provider. Repeats are safe, because the provider makes each refund only once. */
export const sendRefund = (app: Billing, payment: PaymentRow, refund: RefundRow): Promise<RefundOutcome> =>
  app.providers.of(payment).refund({
    refundId: refund.id,
    reference: refund.providerReference,
    charge: { attemptId: currentAttempt(payment), reference: payment.providerReference },
    amount: { ...amountOf(payment), amountMinor: refund.amountMinor },
  });

type By = Pick<PendingCall<Refund>, "actorId" | "call">;

/**
 * Applies the provider's answer to a refund and its payment. If an API request created the refund, also
 * stores the response to the request's idempotency key.
 */
export async function finishRefund(
  app: Billing,
  refund: RefundRow,
  outcome: RefundOutcome,
  by: By,
): Promise<void> {
  const { keyId } = refund;
  if (keyId) await finishRequestedRefund(app, refund, outcome, { ...by, keyId });
  else await app.transactions.run(by.actorId, async (tx) => (await apply(app, tx, refund, outcome)).entries);
}

/**
 * Applies the provider's answer to a refund that an API request created. Stores the result as the response to
 * the request's idempotency key.
 *
 * @param outcome undefined if the provider has not answered; the refund then stays PENDING
 * @returns the first response that was stored for the key
 */
export const finishRequestedRefund = (
  app: Billing,
  refund: RefundRow,
  outcome: RefundOutcome | undefined,
  by: By & Pick<PendingCall<Refund>, "keyId">,
): Promise<Refund | ApiError> =>
  app.calls.finish<Refund>({ ...by, definition: RefundServiceService.createRefund }, (tx) =>
    apply(app, tx, refund, outcome),
  );

/**
 * Locks payment and refund, and applies the outcome. A refund that has ended changes only if the patient's
 * bank has returned the money.
 */
async function apply(
  app: Billing,
  tx: Transaction,
  { id, paymentId }: RefundRow,
  outcome: RefundOutcome | undefined,
): Promise<Effect<Refund>> {
  const payment = await lockPayment(tx, paymentId);
  const refund = await lockRefund(tx, id);
  if (refund.status === "SUCCEEDED" && outcome?.status === "FAILED")
    return await reverse(app, tx, payment, refund);
  if (!outcome || refund.status !== "PENDING") return unchanged(toRefund(app, payment, refund));
  const answered: RefundRow = { ...refund, providerReference: outcome.reference };
  if (outcome.status === "PENDING") {
    saveRefund(tx, answered);
    return changed(toRefund(app, payment, answered));
  }
  const ended: RefundRow = { ...answered, status: outcome.status, processTime: null };
  saveRefund(tx, ended);
  if (ended.status === "SUCCEEDED") bookMovement(tx, refundEntries(payment, ended), app.businessClock.now());
  const funds = endRefund(payment, refund.amountMinor, outcome.status);
  const after = changePayment(app, tx, payment, funds, await pauseAfter(tx, ended));
  const result = outcome.status === "FAILED" ? "FAILURE" : "SUCCESS";
  return changed(
    toRefund(app, after, ended),
    refundEntry(after, ended, { action: "refund.complete", outcome: result }),
    ...entriesOf(payment, after),
  );
}

/**
 * Reverses the ledger entries of a refund that the patient's bank returned to the provider (Stripe's
 * `refund.failed` after `succeeded`). If the fee decision is RELEASE, another refund follows until the last
 * retry.
 */
async function reverse(
  app: Billing,
  tx: Transaction,
  payment: PaymentRow,
  refund: RefundRow,
): Promise<Effect<Refund>> {
  const failed: RefundRow = { ...refund, status: "FAILED" };
  saveRefund(tx, failed);
  bookMovement(tx, refundReversalEntries(payment, refund), app.businessClock.now());
  const funds = reverseRefund(payment, refund.amountMinor);
  const after = changePayment(app, tx, payment, funds, await pauseAfter(tx, failed));
  return changed(
    toRefund(app, after, failed),
    refundEntry(after, failed, { action: "refund.reverse", outcome: "FAILURE" }),
  );
}

/**
 * Delay in ms until the payment's next refund. The given refund has ended and is already saved. Null if no
 * retry is left.
 */
const pauseAfter = async (tx: Transaction, { paymentId, status }: RefundRow): Promise<number | null> =>
  status === "FAILED" ? retryDelayMs(await countFailed(tx, paymentId)) : 0;
