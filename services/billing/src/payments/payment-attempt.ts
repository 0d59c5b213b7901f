import type { Completion, PendingCall } from "@medconnect/platform/changes/pending-call.ts";
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
import { amountOf, toPayment } from "./payment.ts";
import { learn } from "./payment-rules.ts";
import { endLease, lockPayments, type PaymentRow } from "./payment-store.ts";

/** How long after an answer that was none, or "not yet", the provider is asked for the first time. */
const ASK_AFTER_MS = 2000;

const methodContext = ({ id, payment_id }: Pick<AttemptRow, "id" | "payment_id">): string =>
  `payment_attempts.payment_method:${id}:${payment_id}`;

/** A try to authorize a payment, whose outcome is the answer to an idempotency key. */
export function newAttempt(
  app: Billing,
  paymentId: string,
  paymentMethod: string,
  keyId: Buffer,
): AttemptRow {
  const owned = { id: newId(), payment_id: paymentId };
  return {
    ...owned,
    key_id: keyId,
    payment_method: app.cipher.encrypt(methodContext(owned), paymentMethod),
  };
}

/**
 * Has a provider authorize an attempt under way. It may be sent again: the provider authorizes it once.
 * Throws RECORD_ALTERED, also for an amount that was altered after the attempt began.
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
    paymentMethod: app.cipher.decrypt(methodContext(attempt), attempt.payment_method).toString(),
  });
}

/** An attempt, and what the provider says of it; without a word (`charge` undefined) its payment stays PROCESSING. */
export interface AttemptOutcome {
  attempt: AttemptRow;
  charge: Charge | undefined;
}

/**
 * Carries what the provider says of an attempt into its payment, and keeps the outcome as the key's answer.
 *
 * @returns the key's first answer: the payment, or PAYMENT_DECLINED
 */
export const finishAttempt = (
  app: Billing,
  attempt: AttemptRow,
  charge: Charge | undefined,
  by: Pick<PendingCall<Payment>, "actorId" | "call">,
): Promise<Payment | ApiError> => {
  const definition = PaymentServiceService.authorizePayment;
  return completions(app)({ ...by, keyId: attempt.key_id, definition }, { attempt, charge });
};

/** Concurrent completions share transactions. */
const completions = perApp((app: Billing) =>
  app.calls.groupedFinish<AttemptOutcome, PaymentRow, Payment>({
    rowsOf: ({ attempt }) => [attempt.payment_id],
    lock: async (tx, outcomes) => {
      const ids = outcomes.map(({ attempt }) => attempt.payment_id);
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
): Completion<Payment> {
  // Where another attempt is under way, this one was ended before, and its key has its answer.
  if (row.attempt_id !== attempt.id) return { answer: toPayment(row), entries: [] };
  const ending = charge ? applyCharge(app, tx, row, charge) : { answer: toPayment(row), entries: [] };
  // No request waits for the provider any more, so the lease can end.
  if (!charge || charge.status === "PENDING") {
    endLease(tx, row.id, new Date(app.clock.now().getTime() + ASK_AFTER_MS));
  }
  return ending;
}

/** Carries the state of a payment's charge into it. Old news changes nothing. */
export function applyCharge(
  app: Billing,
  tx: Transaction,
  before: PaymentRow,
  charge: Charge,
): Completion<Payment> {
  const now = app.clock.now();
  const after = changePayment(app, tx, before, learned(before, charge, now));
  if (before.status === "PROCESSING" && after.status !== "PROCESSING") {
    const status = after.status === "AUTHORIZED" ? "AUTHORIZED" : "FAILED";
    endAttempt(tx, before.attempt_id!, { status, declineCode: charge.declineCode }, now);
  }
  return { answer: answerOf(after, charge), entries: entriesOf(before, after) };
}

function learned(row: PaymentRow, charge: Charge, now: Date): PaymentRow {
  const isGone = row.feeDecision !== null || row.hold_expire_time <= now;
  const status = learn(row.status, charge.status, isGone);
  const becomes = (next: PaymentRow["status"]) => status === next && row.status !== next;
  return {
    ...row,
    status,
    provider_reference: charge.reference,
    last_error: charge.declineCode,
    next_action_url: status === "PROCESSING" ? charge.nextActionUrl : null,
    authorize_time: becomes("AUTHORIZED") ? now : row.authorize_time,
    authorization_expire_time:
      status === "AUTHORIZED" ? charge.authorizationExpireTime : row.authorization_expire_time,
    capture_time: becomes("CAPTURED") ? now : row.capture_time,
  };
}

const answerOf = (row: PaymentRow, { declineCode }: Charge): Payment | ApiError =>
  declineCode === null ? toPayment(row) : new ApiError("PAYMENT_DECLINED", { metadata: { declineCode } });
