import { type Effect, failed, unchanged } from "@medconnect/platform/changes/effect.ts";
import type { PendingCall } from "@medconnect/platform/changes/pending-call.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { ApiError } from "@medconnect/platform/errors/api-error.ts";
import {
  type Payment,
  PaymentServiceService,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Billing } from "../app.ts";
import type { Charge, ChargeKey, Provider } from "../providers/provider.ts";
import { type AttemptRow, endAttempt, isAttemptEnded } from "./attempt-store.ts";
import { type PaymentRow, toPayment } from "./payment.ts";
import { applyCharge } from "./payment-attempt.ts";
import { notAuthorizable } from "./payment-rules.ts";
import { lockPayment, savePayment } from "./payment-store.ts";

/** An attempt that a newer attempt of the same payment replaces. */
interface ReplacedAttempt extends ChargeKey {
  paymentId: string;
}

/**
 * Cancels the replaced attempt before the new one is sent. If the payer has already confirmed the replaced
 * attempt, keeps that attempt and drops the new one. The first transaction that decides between the two
 * attempts is final: after a decision to cancel, a confirmation that comes later is cancelled, too. So a
 * payment never has two authorizations, and a confirmed booking keeps its own authorization.
 *
 * @param attempt the new attempt
 * @returns the response to the new attempt's idempotency key if the new attempt was dropped; undefined if it
 * may be sent
 * @throws if the provider does not answer, or cannot cancel yet
 */
export async function cancelReplaced(
  app: Billing,
  provider: Provider,
  payment: PaymentRow,
  attempt: AttemptRow,
  by: Pick<PendingCall<Payment>, "actorId" | "call">,
): Promise<Payment | ApiError | undefined> {
  if (payment.replacedAttemptId === null) return undefined;
  const replaced: ReplacedAttempt = {
    paymentId: payment.id,
    attemptId: payment.replacedAttemptId,
    reference: payment.providerReference,
  };
  const found = await provider.find(replaced);
  if (!found) throw new Error("the provider does not find an attempt that it accepted earlier");
  switch (await app.db.transaction((tx) => decide(app, tx, replaced, attempt, found))) {
    case "SEND":
      return undefined;
    case "DROP":
      return await app.calls.finish<Payment>(
        { ...by, keyId: attempt.keyId, definition: PaymentServiceService.authorizePayment },
        (tx) => keepReplaced(app, tx, replaced, attempt, found),
      );
    case "CANCEL":
      await cancelAttempt(provider, replaced, found);
      await app.db.transaction((tx) => clearReplaced(tx, replaced));
      return undefined;
  }
}

/**
 * Decides between the replaced and the new attempt, unless the request or the processing job has already
 * decided.
 */
async function decide(
  app: Billing,
  tx: Transaction,
  { paymentId, attemptId }: ReplacedAttempt,
  attempt: AttemptRow,
  found: Charge,
): Promise<"SEND" | "DROP" | "CANCEL"> {
  const row = await lockPayment(tx, paymentId);
  if (row.attemptId !== attempt.id) return "DROP";
  if (row.replacedAttemptId === null) return "SEND";
  if (await isAttemptEnded(tx, attemptId)) return "CANCEL";
  if (isConfirmed(found)) return "DROP";
  endAttempt(tx, attemptId, { status: "FAILED", declineCode: found.declineCode }, app.businessClock.now());
  return "CANCEL";
}

const isConfirmed = ({ status }: Charge): boolean => status === "AUTHORIZED" || status === "CAPTURED";

/** Cancels the replaced attempt at the provider. Throws if the attempt may still succeed. */
async function cancelAttempt(provider: Provider, replaced: ReplacedAttempt, found: Charge): Promise<void> {
  const isOver = found.status === "DECLINED" || found.status === "VOIDED";
  const { status } = isOver ? found : await provider.void(replaced);
  if (status !== "DECLINED" && status !== "VOIDED") {
    throw new Error(`the provider cannot cancel the attempt yet: its status is ${status}`);
  }
}

async function clearReplaced(tx: Transaction, { paymentId, attemptId }: ReplacedAttempt): Promise<void> {
  const row = await lockPayment(tx, paymentId);
  if (row.replacedAttemptId !== attemptId) return;
  savePayment(tx, { ...row, replacedAttemptId: null, providerReference: null });
}

async function keepReplaced(
  app: Billing,
  tx: Transaction,
  { paymentId, attemptId }: ReplacedAttempt,
  attempt: AttemptRow,
  charge: Charge,
): Promise<Effect<Payment>> {
  const row = await lockPayment(tx, paymentId);
  if (row.attemptId !== attempt.id) return failed(notAuthorizable(row.status));
  // Another process has already decided to cancel the replaced attempt; the processing job continues from
  // there.
  if (row.replacedAttemptId === null || (await isAttemptEnded(tx, attemptId))) {
    return unchanged(toPayment(row));
  }
  endAttempt(tx, attempt.id, { status: "FAILED", declineCode: null }, app.businessClock.now());
  const kept = { ...row, attemptId, replacedAttemptId: null };
  return failed(notAuthorizable("AUTHORIZED"), ...applyCharge(app, tx, kept, charge).entries);
}
