import type { Completion, PendingCall } from "@medconnect/platform/changes/pending-call.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Refund, RefundServiceService } from "@medconnect/proto/medconnect/billing/v1/refund_service.ts";
import type { Billing } from "../app.ts";
import { refundEntries, refundReversalEntries } from "../ledger/ledger-rules.ts";
import { insertEntries } from "../ledger/ledger-store.ts";
import { changePayment, entriesOf } from "../payments/change-payment.ts";
import { amountOf } from "../payments/payment.ts";
import { lockPayment, type PaymentRow } from "../payments/payment-store.ts";
import type { RefundOutcome } from "../providers/provider.ts";
import { refundEntry, toRefund } from "./refund.ts";
import { endRefund, retryDelayMs, reverseRefund } from "./refund-rules.ts";
import { countFailed, lockRefund, type RefundRow, saveRefund } from "./refund-store.ts";

/** Has the provider give a refund back. It may be sent again: the provider gives it back once. */
export const sendRefund = (app: Billing, payment: PaymentRow, refund: RefundRow): Promise<RefundOutcome> =>
  app.providers.of(payment).refund({
    refundId: refund.id,
    reference: refund.provider_reference,
    charge: { attemptId: payment.attempt_id!, reference: payment.provider_reference },
    amount: { ...amountOf(payment), amountMinor: refund.amount_minor },
  });

/**
 * Carries what the provider says of a refund into it and its payment; without a word from the provider (`outcome`
 * undefined) it stays PENDING. Where somebody asked for the refund, it is kept as their key's answer.
 *
 * @returns the key's first answer
 */
export async function finishRefund(
  app: Billing,
  { id, payment_id, key_id }: RefundRow,
  outcome: RefundOutcome | undefined,
  by: Pick<PendingCall<Refund>, "actorId" | "call">,
): Promise<Refund | ApiError | undefined> {
  const work = async (tx: Transaction): Promise<Completion<Refund>> => {
    const payment = await lockPayment(tx, payment_id);
    return await applyRefund(app, tx, payment, await lockRefund(tx, id), outcome);
  };
  const definition = RefundServiceService.createRefund;
  if (key_id) return await app.calls.finish({ ...by, keyId: key_id, definition }, work);
  await app.transactions.run(by.actorId, async (tx) => (await work(tx)).entries);
  return undefined;
}

/** Old news changes nothing: a refund that has ended stays as it is, unless the money came back. */
async function applyRefund(
  app: Billing,
  tx: Transaction,
  payment: PaymentRow,
  refund: RefundRow,
  outcome: RefundOutcome | undefined,
): Promise<Completion<Refund>> {
  if (refund.status === "SUCCEEDED" && outcome?.status === "FAILED")
    return await reverse(app, tx, payment, refund);
  if (!outcome || refund.status !== "PENDING") return { answer: toRefund(app, payment, refund), entries: [] };
  const heard: RefundRow = { ...refund, provider_reference: outcome.reference };
  if (outcome.status === "PENDING") {
    saveRefund(tx, heard);
    return { answer: toRefund(app, payment, heard), entries: [] };
  }
  const ended: RefundRow = { ...heard, status: outcome.status, process_time: null };
  saveRefund(tx, ended);
  if (ended.status === "SUCCEEDED") insertEntries(tx, refundEntries(payment, ended), app.clock.now());
  const funds = endRefund(payment, refund.amount_minor, outcome.status);
  const after = changePayment(app, tx, payment, funds, await pauseAfter(tx, ended));
  const result = outcome.status === "FAILED" ? "FAILURE" : "SUCCESS";
  return {
    answer: toRefund(app, after, ended),
    entries: [
      refundEntry(after, ended, { action: "refund.complete", outcome: result }),
      ...entriesOf(payment, after),
    ],
  };
}

/**
 * The patient's bank could not take what was given back, and the provider has it again (Stripe's `refund.failed` after
 * `succeeded`). What still has to go back is then tried again, as another refund.
 */
async function reverse(
  app: Billing,
  tx: Transaction,
  payment: PaymentRow,
  refund: RefundRow,
): Promise<Completion<Refund>> {
  const failed: RefundRow = { ...refund, status: "FAILED" };
  saveRefund(tx, failed);
  insertEntries(tx, refundReversalEntries(payment, refund), app.clock.now());
  const funds = reverseRefund(payment, refund.amount_minor);
  const after = changePayment(app, tx, payment, funds, await pauseAfter(tx, failed));
  return {
    answer: toRefund(app, after, failed),
    entries: [refundEntry(after, failed, { action: "refund.reverse", outcome: "FAILURE" })],
  };
}

/** How long what is left waits after a refund has ended, and is saved. */
const pauseAfter = async (tx: Transaction, { payment_id, status }: RefundRow): Promise<number | null> =>
  status === "FAILED" ? retryDelayMs(await countFailed(tx, payment_id)) : 0;
