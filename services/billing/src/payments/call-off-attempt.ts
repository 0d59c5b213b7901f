import type { Begun, Ending } from "@medconnect/platform/changes.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { ApiError } from "@medconnect/platform/errors/api-error.ts";
import {
  type Payment,
  PaymentServiceService,
} from "@medconnect/proto/medconnect/billing/v1/payment_service.ts";
import type { Billing } from "../app.ts";
import type { Charge, Provider } from "../providers/provider.ts";
import { type AttemptRow, endAttempt } from "./attempt-store.ts";
import { applyCharge } from "./payment-attempt.ts";
import { notAuthorizable } from "./payment-rules.ts";
import { lockPayment, type PaymentRow, savePayment } from "./payment-store.ts";

/**
 * Calls off the attempt that another one replaces, before that one is sent. An attempt that the payer confirmed meanwhile
 * wins: the other one is given up, so a payment never has two authorizations.
 *
 * @param attempt the one that replaces it
 * @returns the replacing key's answer where it was given up; undefined where it may be sent. Throws where the provider does
 * not answer, or cannot say yet
 */
export async function callOffReplaced(
  app: Billing,
  provider: Provider,
  payment: PaymentRow,
  attempt: AttemptRow,
  by: Pick<Begun<Payment>, "actorId" | "call">,
): Promise<Payment | ApiError | undefined> {
  const replacedId = payment.replaced_attempt_id;
  if (replacedId === null) return undefined;
  const charge = await callOff(provider, replacedId, payment.provider_reference);
  const isConfirmed = charge.status === "AUTHORIZED" || charge.status === "CAPTURED";
  if (!isConfirmed) {
    await app.db.transaction((tx) => clearWay(app, tx, payment, charge));
    return undefined;
  }
  return await app.changes.finish<Payment>(
    { ...by, keyId: attempt.key_id, definition: PaymentServiceService.authorizePayment },
    (tx) => keepReplaced(app, tx, payment, attempt, charge),
  );
}

/** @returns where the attempt stands at last */
async function callOff(provider: Provider, attemptId: string, reference: string | null): Promise<Charge> {
  const key = { attemptId, reference };
  const found = await provider.find(key);
  if (!found) throw new Error("the provider does not find an attempt that it knew");
  const charge = found.status === "PENDING" ? await provider.void(key) : found;
  if (charge.status === "PENDING") throw new Error("the provider cannot call the attempt off yet");
  return charge;
}

async function clearWay(app: Billing, tx: Transaction, { id, ...payment }: PaymentRow, charge: Charge) {
  const row = await lockPayment(tx, id);
  // Request and settler may both come here.
  if (row.replaced_attempt_id !== payment.replaced_attempt_id) return;
  const { declineCode } = charge;
  endAttempt(tx, row.replaced_attempt_id!, { status: "FAILED", declineCode }, app.clock.now());
  savePayment(tx, { ...row, replaced_attempt_id: null, provider_reference: null });
}

async function keepReplaced(
  app: Billing,
  tx: Transaction,
  { id, ...payment }: PaymentRow,
  attempt: AttemptRow,
  charge: Charge,
): Promise<Ending<Payment>> {
  const row = await lockPayment(tx, id);
  const answer = notAuthorizable("AUTHORIZED");
  if (row.replaced_attempt_id !== payment.replaced_attempt_id) return { answer, trails: [] };
  endAttempt(tx, attempt.id, { status: "FAILED", declineCode: null }, app.clock.now());
  const replaced = { ...row, attempt_id: row.replaced_attempt_id, replaced_attempt_id: null };
  const { trails } = applyCharge(app, tx, replaced, charge);
  return { answer, trails };
}
