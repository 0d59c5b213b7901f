import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { isId } from "@medconnect/platform/ids/ids.ts";
import type {
  ReceiveWebhookRequest,
  ReceiveWebhookResponse,
} from "@medconnect/proto/medconnect/billing/v1/webhook_service.ts";
import type { Billing } from "../app.ts";
import { findAttempt } from "../payments/attempt-store.ts";
import { finishAttempt } from "../payments/payment-attempt.ts";
import { readPayment } from "../payments/payment-store.ts";
import type { ChargeKey, Provider, WebhookSubject } from "../providers/provider.ts";
import { finishRefund, sendRefund } from "../refunds/finish-refund.ts";
import { findRefund } from "../refunds/refund-store.ts";
import { isKnownEvent, rememberEvent } from "./webhook-store.ts";

/**
 * WebhookService.ReceiveWebhook. An event only names a charge or refund. Billing reads the current state from
 * the provider and applies it. So neither the order of events nor duplicates matter, and an event's id may be
 * stored after the event has been applied.
 * Throws NOT_FOUND, INVALID_SIGNATURE, and UNAVAILABLE after a restore or if the provider does not answer, so
 * that the provider sends the event again.
 */
export async function receiveWebhook(
  app: Billing,
  { provider: name, body, signature }: ReceiveWebhookRequest,
): Promise<ReceiveWebhookResponse> {
  app.outbound.assertOpen();
  const provider = app.providers.find(name);
  if (!provider) throw new ApiError("NOT_FOUND");
  const event = await provider.readWebhook(body?.data ?? Buffer.alloc(0), signature);
  if (event.subject && !(await isKnownEvent(app.db, name, event.id))) {
    await update(app, provider, event.subject);
    await rememberEvent(app.db, name, event.id, app.clock.now());
  }
  return { received: true };
}

/** Ignores unknown attempts and refunds: another system may share the provider's account. */
async function update(app: Billing, provider: Provider, subject: WebhookSubject): Promise<void> {
  if (subject.kind === "charge") await updateCharge(app, provider, subject.charge);
  else await updateRefund(app, provider, subject.refundId, subject.reference);
}

async function updateCharge(app: Billing, provider: Provider, key: ChargeKey): Promise<void> {
  const attempt = isId(key.attemptId) ? await findAttempt(app.db, key.attemptId) : undefined;
  if (!attempt) return;
  const charge = await answered(provider.find(key));
  if (charge) await finishAttempt(app, attempt, charge, { actorId: actorOf(provider) });
}

async function updateRefund(
  app: Billing,
  provider: Provider,
  refundId: string,
  reference: string,
): Promise<void> {
  const refund = isId(refundId) ? await findRefund(app.db, refundId) : undefined;
  if (!refund) return;
  const payment = await readPayment(app.db, refund.paymentId);
  const outcome = await answered(sendRefund(app, payment, { ...refund, providerReference: reference }));
  await finishRefund(app, refund, outcome, { actorId: actorOf(provider) });
}

const actorOf = ({ name }: Provider): string => `provider:${name}`;

/** Waits for a call to the provider. Throws UNAVAILABLE if the call fails. */
async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw new ApiError("UNAVAILABLE", { cause: error });
  }
}
