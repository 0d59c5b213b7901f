import type { Completion, PendingCall } from "@medconnect/platform/changes/pending-call.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { ApiError } from "@medconnect/platform/errors/api-error.ts";
import {
  type Payment,
  PaymentServiceService,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Billing } from "../app.ts";
import type { Charge, Provider } from "../providers/provider.ts";
import { type AttemptRow, endAttempt, isAttemptEnded } from "./attempt-store.ts";
import { toPayment } from "./payment.ts";
import { applyCharge } from "./payment-attempt.ts";
import { notAuthorizable } from "./payment-rules.ts";
import { lockPayment, type PaymentRow, savePayment } from "./payment-store.ts";

/** The attempt of a payment that another one replaces. */
interface Replaced {
  paymentId: string;
  attemptId: string;
  /** The provider's name for it. */
  reference: string | null;
}

/**
 * Cancels the replaced attempt before the replacing one is sent. If the payer confirmed the replaced one meanwhile, it wins,
 * and the replacing one is dropped. The first transaction decides between the two for good: after it decides to cancel, a
 * later confirmation is cancelled, too. So a payment never has two authorizations, and a confirmed booking keeps its own.
 *
 * @param attempt the replacing one
 * @returns the answer for the replacing key if it was dropped; undefined if it may be sent. Throws if the provider does not
 * answer, or cannot cancel yet
 */
export async function cancelReplaced(
  app: Billing,
  provider: Provider,
  payment: PaymentRow,
  attempt: AttemptRow,
  by: Pick<PendingCall<Payment>, "actorId" | "call">,
): Promise<Payment | ApiError | undefined> {
  if (payment.replaced_attempt_id === null) return undefined;
  const replaced: Replaced = {
    paymentId: payment.id,
    attemptId: payment.replaced_attempt_id,
    reference: payment.provider_reference,
  };
  const found = await provider.find(replaced);
  if (!found) throw new Error("the provider does not find an attempt that it accepted earlier");
  switch (await app.db.transaction((tx) => decide(app, tx, replaced, attempt, found))) {
    case "SEND":
      return undefined;
    case "GIVE_UP":
      return await app.calls.finish<Payment>(
        { ...by, keyId: attempt.key_id, definition: PaymentServiceService.authorizePayment },
        (tx) => keepReplaced(app, tx, replaced, attempt, found),
      );
    case "CALL_OFF":
      await cancelAttempt(provider, replaced, found);
      await app.db.transaction((tx) => clearWay(tx, replaced));
      return undefined;
  }
}

/** Decides between the two attempts, unless the request or the settler has decided already. */
async function decide(
  app: Billing,
  tx: Transaction,
  { paymentId, attemptId }: Replaced,
  attempt: AttemptRow,
  found: Charge,
): Promise<"SEND" | "GIVE_UP" | "CALL_OFF"> {
  const row = await lockPayment(tx, paymentId);
  if (row.attempt_id !== attempt.id) return "GIVE_UP";
  if (row.replaced_attempt_id === null) return "SEND";
  if (await isAttemptEnded(tx, attemptId)) return "CALL_OFF";
  if (isConfirmed(found)) return "GIVE_UP";
  endAttempt(tx, attemptId, { status: "FAILED", declineCode: found.declineCode }, app.clock.now());
  return "CALL_OFF";
}

const isConfirmed = ({ status }: Charge): boolean => status === "AUTHORIZED" || status === "CAPTURED";

/** Throws if the attempt may still succeed. */
async function cancelAttempt(provider: Provider, replaced: Replaced, found: Charge): Promise<void> {
  const isOver = found.status === "DECLINED" || found.status === "VOIDED";
  const { status } = isOver ? found : await provider.void(replaced);
  if (status !== "DECLINED" && status !== "VOIDED") {
    throw new Error(`the provider cannot cancel the attempt yet: its status is ${status}`);
  }
}

async function clearWay(tx: Transaction, { paymentId, attemptId }: Replaced): Promise<void> {
  const row = await lockPayment(tx, paymentId);
  if (row.replaced_attempt_id !== attemptId) return;
  savePayment(tx, { ...row, replaced_attempt_id: null, provider_reference: null });
}

async function keepReplaced(
  app: Billing,
  tx: Transaction,
  { paymentId, attemptId }: Replaced,
  attempt: AttemptRow,
  charge: Charge,
): Promise<Completion<Payment>> {
  const row = await lockPayment(tx, paymentId);
  if (row.attempt_id !== attempt.id) return { answer: notAuthorizable(row.status), entries: [] };
  // Decided differently meanwhile: the settler continues from there.
  if (row.replaced_attempt_id === null || (await isAttemptEnded(tx, attemptId))) {
    return { answer: toPayment(row), entries: [] };
  }
  endAttempt(tx, attempt.id, { status: "FAILED", declineCode: null }, app.clock.now());
  const kept = { ...row, attempt_id: attemptId, replaced_attempt_id: null };
  return { answer: notAuthorizable("AUTHORIZED"), entries: applyCharge(app, tx, kept, charge).entries };
}
