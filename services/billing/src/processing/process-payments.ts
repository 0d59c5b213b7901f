import { repeat } from "@medconnect/platform/jobs/jobs.ts";
import { inSpan, SpanKind } from "@medconnect/platform/telemetry/tracing.ts";
import { type Billing, SERVICE_ACTOR } from "../app.ts";
import { findAttempt } from "../payments/attempt-store.ts";
import { cancelReplaced } from "../payments/cancel-replaced.ts";
import { applyCharge, finishAttempt, sendAttempt } from "../payments/payment-attempt.ts";
import { isForsaken, nextStep, refundableMinor } from "../payments/payment-rules.ts";
import { lockPayment, type PaymentRow, takeDuePayments } from "../payments/payment-store.ts";
import type { Charge } from "../providers/provider.ts";
import { newRefund, openRefund } from "../refunds/refund.ts";

/**
 * Carries out at the provider what is left to do there: decisions, and attempts whose outcome is not known. What fails
 * is due again later. Several settlers may run: payments are leased, and the provider does nothing twice.
 */
export const processPayments =
  (app: Billing) =>
  (signal?: AbortSignal): Promise<void> =>
    repeat(async () => {
      const due = await takeDuePayments(app.db, app.clock.now());
      await Promise.all(due.map((row) => processPayment(app, row)));
      return due.length > 0;
    }, signal);

async function processPayment(app: Billing, row: PaymentRow): Promise<void> {
  try {
    await inSpan("process payment", { kind: SpanKind.INTERNAL }, () => carryOut(app, row));
  } catch (error) {
    const { id: paymentId, process_tries: tries } = row;
    app.log.warn(
      { err: error, paymentId, step: nextStep(row), tries },
      "payment processing failed; it is retried later",
    );
  }
}

async function carryOut(app: Billing, row: PaymentRow): Promise<void> {
  const attemptId = row.attempt_id!;
  const provider = app.providers.of(row);
  const charge = { attemptId, reference: row.provider_reference };
  switch (nextStep(row)) {
    case "ASK":
      return await processAttempt(app, row, attemptId);
    case "CAPTURE":
      return await applyOutcome(app, row.id, await provider.capture(charge));
    case "VOID":
      return await applyOutcome(app, row.id, await provider.void(charge));
    case "REFUND":
      return await refundRest(app, row.id);
    case undefined:
      return;
  }
}

/**
 * Finds out what became of an attempt. One that never reached the provider is sent again, under the same id: only an
 * answer to it tells for sure that nothing comes of it. One for which nobody waits any more is called off, and one that it
 * replaces before that.
 */
async function processAttempt(app: Billing, row: PaymentRow, attemptId: string): Promise<void> {
  const attempt = (await findAttempt(app.db, attemptId))!;
  const provider = app.providers.of(row);
  if (await cancelReplaced(app, provider, row, attempt, { actorId: SERVICE_ACTOR })) return;
  const reference = row.replaced_attempt_id === null ? row.provider_reference : null;
  const found =
    (await provider.find({ attemptId, reference })) ?? (await sendAttempt(app, provider, row, attempt));
  const isInVain = found.status === "PENDING" && isForsaken(row, app.clock.now());
  const charge = isInVain ? await provider.void({ attemptId, reference: found.reference }) : found;
  await finishAttempt(app, attempt, charge, { actorId: SERVICE_ACTOR });
}

async function applyOutcome(app: Billing, paymentId: string, charge: Charge): Promise<void> {
  await app.transactions.run(SERVICE_ACTOR, async (tx) => {
    const row = await lockPayment(tx, paymentId);
    return applyCharge(app, tx, row, charge).entries;
  });
}

/** Makes a refund of what is left of a payment that has to go back: all of it, unless a part went before. */
async function refundRest(app: Billing, paymentId: string): Promise<void> {
  await app.transactions.run(SERVICE_ACTOR, async (tx) => {
    const payment = await lockPayment(tx, paymentId);
    // Another settler may have been faster.
    if (nextStep(payment) !== "REFUND") return [];
    const refund = newRefund(app, paymentId, {
      amountMinor: refundableMinor(payment),
      reason: "The booking was called off.",
      keyId: null,
      processTime: app.clock.now(),
    });
    tx.afterCommit(app.processSoon);
    return openRefund(app, tx, payment, refund);
  });
}
