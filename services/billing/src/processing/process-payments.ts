import { repeat } from "@medconnect/platform/jobs/jobs.ts";
import { inSpan, SpanKind } from "@medconnect/platform/telemetry/tracing.ts";
import { type Billing, SERVICE_ACTOR } from "../app.ts";
import { findAttempt } from "../payments/attempt-store.ts";
import { cancelReplaced } from "../payments/cancel-replaced.ts";
import type { PaymentRow } from "../payments/payment.ts";
import { applyCharge, currentAttempt, finishAttempt, sendAttempt } from "../payments/payment-attempt.ts";
import { nextStep, refundableMinor, shouldVoid } from "../payments/payment-rules.ts";
import { lockPayment } from "../payments/payment-store.ts";
import type { Charge } from "../providers/provider.ts";
import { openRefund } from "../refunds/open-refund.ts";
import { newRefund } from "../refunds/refund.ts";
import { leaseDuePayments } from "./due-store.ts";

/**
 * Job: processes the payments whose next step at the provider is due. The job carries out the fee decision,
 * or asks for the unknown outcome of an attempt. A failed step is retried when the payment's lease expires.
 * Several processes may run the job, because payments are leased and the provider is idempotent.
 */
export const processPayments =
  (app: Billing) =>
  (signal?: AbortSignal): Promise<void> =>
    repeat(async () => {
      const due = await leaseDuePayments(app.db, app.businessClock.now());
      await Promise.all(due.map((row) => processPayment(app, row)));
      return due.length > 0;
    }, signal);

async function processPayment(app: Billing, row: PaymentRow): Promise<void> {
  try {
    await inSpan("process payment", { kind: SpanKind.INTERNAL }, () => doStep(app, row));
  } catch (error) {
    const { id: paymentId, processTries: tries } = row;
    app.log.warn(
      { err: error, paymentId, step: nextStep(row), tries },
      "payment processing failed; it is retried later",
    );
  }
}

async function doStep(app: Billing, row: PaymentRow): Promise<void> {
  const provider = app.providers.of(row);
  const charge = { attemptId: currentAttempt(row), reference: row.providerReference };
  switch (nextStep(row)) {
    case "ASK":
      return await askForOutcome(app, row);
    case "CAPTURE":
      return await saveCharge(app, row.id, await provider.capture(charge));
    case "VOID":
      return await saveCharge(app, row.id, await provider.void(charge));
    case "REFUND":
      return await refundRest(app, row.id);
    case undefined:
      return;
  }
}

/**
 * Asks the provider for the outcome of the latest attempt. First cancels the attempt that this one replaces.
 * If the provider does not know the latest attempt, sends it again under the same id. An earlier request may
 * still arrive, and only an answer under this id decides the outcome. Voids a pending attempt if the fee is
 * released or the payer is too late.
 */
async function askForOutcome(app: Billing, row: PaymentRow): Promise<void> {
  const attemptId = currentAttempt(row);
  const attempt = await findAttempt(app.db, attemptId);
  if (!attempt) throw new Error(`attempt ${attemptId} does not exist`);
  const provider = app.providers.of(row);
  if (await cancelReplaced(app, provider, row, attempt, { actorId: SERVICE_ACTOR })) return;
  const reference = row.replacedAttemptId === null ? row.providerReference : null;
  const found =
    (await provider.find({ attemptId, reference })) ?? (await sendAttempt(app, provider, row, attempt));
  const isToVoid = found.status === "PENDING" && shouldVoid(row, app.businessClock.now());
  const charge = isToVoid ? await provider.void({ attemptId, reference: found.reference }) : found;
  await finishAttempt(app, attempt, charge, { actorId: SERVICE_ACTOR });
}

async function saveCharge(app: Billing, paymentId: string, charge: Charge): Promise<void> {
  await app.transactions.run(SERVICE_ACTOR, async (tx) => {
    const row = await lockPayment(tx, paymentId);
    return applyCharge(app, tx, row, charge).entries;
  });
}

/** Opens a refund of the amount that earlier refunds have not returned. */
async function refundRest(app: Billing, paymentId: string): Promise<void> {
  await app.transactions.run(SERVICE_ACTOR, async (tx) => {
    const payment = await lockPayment(tx, paymentId);
    // Nothing to do: another process has already opened the refund.
    if (nextStep(payment) !== "REFUND") return [];
    const refund = newRefund(app, paymentId, {
      amountMinor: refundableMinor(payment),
      reason: "The booking was called off.",
      keyId: null,
      processTime: app.businessClock.now(),
    });
    tx.afterCommit(app.processSoon);
    return openRefund(app, tx, payment, refund);
  });
}
