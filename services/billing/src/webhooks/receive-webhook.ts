import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { isId } from "@medconnect/platform/ids/ids.ts";
import type {
  ReceiveWebhookRequest,
  ReceiveWebhookResponse,
} from "@medconnect/proto/medconnect/billing/v1/webhook_service.ts";
import type { Billing } from "../app.ts";
import { findAttempt } from "../payments/attempt-store.ts";
import { finishAttempt } from "../payments/payment-attempt.ts";
import { findPayment } from "../payments/payment-store.ts";
import type { ChargeKey, Provider, WebhookEvent } from "../providers/provider.ts";
import { finishRefund, sendRefund } from "../refunds/finish-refund.ts";
import { findRefund } from "../refunds/refund-store.ts";
import { isKnownEvent, rememberEvent } from "./webhook-store.ts";

/**
 * WebhookService.ReceiveWebhook. An event only says what has news; what the news is, the provider is asked, and its
 * answer is merged in as any other. So neither order nor duplicates matter, and an event that is remembered after its
 * effect may come again where the process died in between. Throws NOT_FOUND, INVALID_SIGNATURE, and UNAVAILABLE
 * where the provider, asked back, does not answer: it sends the event again.
 */
export async function receiveWebhook(
  app: Billing,
  { provider: name, body, signature }: ReceiveWebhookRequest,
): Promise<ReceiveWebhookResponse> {
  const provider = app.providers.find(name);
  if (!provider) throw new ApiError("NOT_FOUND");
  const event = await provider.readWebhook(body?.data ?? Buffer.alloc(0), signature);
  if (event.news && !(await isKnownEvent(app.db, name, event.id))) {
    await askBack(app, provider, event.news);
    await rememberEvent(app.db, name, event.id, app.clock.now());
  }
  return { received: true };
}

async function askBack(
  app: Billing,
  provider: Provider,
  news: NonNullable<WebhookEvent["news"]>,
): Promise<void> {
  if (news.about === "charge") await heardOfCharge(app, provider, news.charge);
  else await heardOfRefund(app, provider, news.refundId, news.reference);
}

/** An attempt or a refund that is not ours is another system's, which shares the provider's account. */
async function heardOfCharge(app: Billing, provider: Provider, key: ChargeKey): Promise<void> {
  const attempt = isId(key.attemptId) ? await findAttempt(app.db, key.attemptId) : undefined;
  if (!attempt) return;
  const charge = await answered(provider.find(key));
  if (charge) await finishAttempt(app, attempt, charge, { actorId: actorOf(provider) });
}

async function heardOfRefund(
  app: Billing,
  provider: Provider,
  refundId: string,
  reference: string,
): Promise<void> {
  const refund = isId(refundId) ? await findRefund(app.db, refundId) : undefined;
  if (!refund) return;
  const payment = await findPayment(app.db, refund.payment_id);
  const outcome = await answered(sendRefund(app, payment!, { ...refund, provider_reference: reference }));
  await finishRefund(app, refund, outcome, { actorId: actorOf(provider) });
}

const actorOf = ({ name }: Provider): string => `provider:${name}`;

async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw new ApiError("UNAVAILABLE", { cause: error });
  }
}
