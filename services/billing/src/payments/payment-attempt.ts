import { changed, type Effect, unchanged } from "@medconnect/platform/changes/effect.ts";
import type { PendingCall } from "@medconnect/platform/changes/pending-call.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { perApp } from "@medconnect/platform/memory/per-app.ts";
import {
  type Payment,
  PaymentServiceService,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Billing } from "../app.ts";
import type { Charge, Provider } from "../providers/provider.ts";
import { type AttemptRow, endAttempt } from "./attempt-store.ts";
import { changePayment, entriesOf } from "./change-payment.ts";
import { assertGenuine } from "./debt-proof.ts";
import { amountOf, type PaymentRow, toPayment } from "./payment.ts";
import { statusAfterCharge } from "./payment-rules.ts";
import { endLease, lockPayments } from "./payment-store.ts";

/** Delay until the provider is asked again after a missing or PENDING answer. */
const ASK_AFTER_MS = 2000;

const methodContext = ({ id, paymentId }: Pick<AttemptRow, "id" | "paymentId">): string =>
  `payment_attempts.payment_method:${id}:${paymentId}`;

/** Returns a new attempt to authorize a payment. Its outcome will be the response to the idempotency key. */
export function newAttempt(
  app: Billing,
  paymentId: string,
  paymentMethod: string,
  keyId: Buffer,
): AttemptRow {
  const ids = { id: newId(), paymentId };
  return { ...ids, keyId, paymentMethod: app.cipher.encrypt(methodContext(ids), paymentMethod) };
}

/**
 * Sends a started attempt to the provider. Repeats are safe, because the provider authorizes an attempt only
 * once.
 * Throws RECORD_ALTERED if the stored debt was altered, even after the attempt started.
 */
export async function sendAttempt(
  app: Billing,
  provider: Provider,
  payment: PaymentRow,
  attempt: AttemptRow,
): Promise<Charge> {
  assertGenuine(app.proofs, payment);
  return await provider.authorize({
    attemptId: attempt.id,
    amount: amountOf(payment),
    paymentMethod: app.cipher.decrypt(methodContext(attempt), attempt.paymentMethod).toString(),
  });
}

export interface AttemptOutcome {
  attempt: AttemptRow;
  /** Undefined if the provider has not answered; the payment then stays PROCESSING. */
  charge: Charge | undefined;
}

/**
 * Applies the provider's answer to the payment, and stores the outcome as the response to the attempt's
 * idempotency key.
 *
 * @returns the first response that was stored for the key: the payment, or PAYMENT_DECLINED
 */
export const finishAttempt = (
  app: Billing,
  attempt: AttemptRow,
  charge: Charge | undefined,
  by: Pick<PendingCall<Payment>, "actorId" | "call">,
): Promise<Payment | ApiError> => {
  const definition = PaymentServiceService.authorizePayment;
  return completions(app)({ ...by, keyId: attempt.keyId, definition }, { attempt, charge });
};

/** Completes attempts. Concurrent completions share transactions. */
const completions = perApp((app: Billing) =>
  app.calls.groupedFinish<AttemptOutcome, PaymentRow, Payment>({
    rowsOf: ({ attempt }) => [attempt.paymentId],
    lock: async (tx, outcomes) => {
      const ids = outcomes.map(({ attempt }) => attempt.paymentId);
      const rows = await lockPayments(tx, ids);
      return ids.map((id) => rows.get(id));
    },
    write: (tx, ended) => ended.map(({ facts, outcome }) => finishOne(app, tx, facts, outcome)),
  }),
);

function finishOne(
  app: Billing,
  tx: Transaction,
  row: PaymentRow,
  { attempt, charge }: AttemptOutcome,
): Effect<Payment> {
  // A later attempt has replaced this attempt. So this attempt has ended, and a response to its idempotency
  // key is already stored.
  if (row.attemptId !== attempt.id) return unchanged(toPayment(row));
  const effect = charge ? applyCharge(app, tx, row, charge) : unchanged(toPayment(row));
  // The request no longer waits for the provider, so its lease on the attempt can end.
  if (!charge || charge.status === "PENDING") {
    endLease(tx, row.id, new Date(app.businessClock.now().getTime() + ASK_AFTER_MS));
  }
  return effect;
}

/** Applies the state of the charge to its locked payment. An outdated state changes no status. */
export function applyCharge(
  app: Billing,
  tx: Transaction,
  before: PaymentRow,
  charge: Charge,
): Effect<Payment> {
  const now = app.businessClock.now();
  const after = changePayment(app, tx, before, withCharge(before, charge, now));
  if (before.status === "PROCESSING" && after.status !== "PROCESSING") {
    const status = after.status === "AUTHORIZED" ? "AUTHORIZED" : "FAILED";
    endAttempt(tx, currentAttempt(before), { status, declineCode: charge.declineCode }, now);
  }
  return changed(answerOf(after, charge), ...entriesOf(before, after));
}

/** Id of a payment's latest attempt. Throws if the payment has none. */
export function currentAttempt({ id, attemptId }: PaymentRow): string {
  if (attemptId === null) throw new Error(`payment ${id} has no attempt`);
  return attemptId;
}

function withCharge(row: PaymentRow, charge: Charge, now: Date): PaymentRow {
  const isOver = row.feeDecision !== null || row.holdExpireTime <= now;
  const status = statusAfterCharge(row.status, charge.status, isOver);
  const becomes = (next: PaymentRow["status"]) => status === next && row.status !== next;
  return {
    ...row,
    status,
    providerReference: charge.reference,
    lastError: charge.declineCode,
    nextActionUrl: status === "PROCESSING" ? charge.nextActionUrl : null,
    authorizeTime: becomes("AUTHORIZED") ? now : row.authorizeTime,
    authorizationExpireTime:
      status === "AUTHORIZED" ? charge.authorizationExpireTime : row.authorizationExpireTime,
    captureTime: becomes("CAPTURED") ? now : row.captureTime,
  };
}

const answerOf = (row: PaymentRow, { declineCode }: Charge): Payment | ApiError =>
  declineCode === null ? toPayment(row) : new ApiError("PAYMENT_DECLINED", { metadata: { declineCode } });
