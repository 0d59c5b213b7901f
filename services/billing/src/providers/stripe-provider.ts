import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Clock } from "@medconnect/platform/time/clock.ts";
import Stripe from "stripe";
import type {
  Charge,
  ChargeKey,
  Order,
  Provider,
  RefundOrder,
  RefundOutcome,
  WebhookEvent,
} from "./provider.ts";
import { stripeAmount } from "./stripe-amount.ts";
import { toCharge, toOutcome } from "./stripe-charge.ts";

export interface StripeProviderOptions {
  apiKey: string;
  webhookSecret: string;
  /** https://api.stripe.com, or a stand-in for it. */
  apiUrl: string;
  /** Where Stripe sends patients back to who had to confirm. */
  returnUrl: string;
  clock: Clock;
}

/** Within the deadline of the request that waits for it. */
export const TIMEOUT_MS = 8000;
const WEBHOOK_TOLERANCE_S = 300;
/** What an intent has to come with, so that it tells when its authorization lapses. */
const WITH_CHARGE = { expand: ["latest_charge"] };

/**
 * Stripe: an attempt is a PaymentIntent that is confirmed as it is made and captured later. Stripe remembers an
 * idempotency key for a day at least, but repeats its first answer, also an old one: so keys are for making things, and
 * where they stand is read. Both kinds carry our id as metadata, by which they are found where the answer was lost.
 */
export class StripeProvider implements Provider {
  readonly name = "stripe";
  readonly #stripe: Stripe;
  readonly #options: StripeProviderOptions;

  constructor(options: StripeProviderOptions) {
    const { protocol, hostname, port } = new URL(options.apiUrl);
    this.#options = options;
    this.#stripe = new Stripe(options.apiKey, {
      protocol: protocol === "http:" ? "http" : "https",
      host: hostname,
      port: port || (protocol === "http:" ? 80 : 443),
      timeout: TIMEOUT_MS,
      // The job of payment processing tries again, and keeps the reason.
      maxNetworkRetries: 0,
      telemetry: false,
    });
  }

  async authorize({ attemptId, amount, paymentMethod }: Order): Promise<Charge> {
    try {
      const intent = await this.#stripe.paymentIntents.create(
        {
          ...WITH_CHARGE,
          amount: stripeAmount(amount),
          currency: amount.currencyCode.toLowerCase(),
          payment_method: paymentMethod,
          allowed_payment_method_types: ["card"],
          capture_method: "manual",
          confirm: true,
          return_url: this.#options.returnUrl,
          metadata: { attempt_id: attemptId },
        },
        { idempotencyKey: attemptId },
      );
      return toCharge(intent);
    } catch (error) {
      return this.#declined(error);
    }
  }

  /**
   * Search lags behind by up to a minute. An attempt that it does not find yet is sent again under its key, and Stripe
   * then answers as it did at first.
   */
  async find({ attemptId, reference }: ChargeKey): Promise<Charge | undefined> {
    if (reference) return await this.#read(reference);
    const { data } = await this.#stripe.paymentIntents.search({
      query: `metadata["attempt_id"]:"${attemptId}"`,
      limit: 1,
    });
    return data[0] && (await this.#read(data[0].id));
  }

  async capture(charge: ChargeKey): Promise<Charge> {
    const id = await this.#idOf(charge);
    return await this.#change(id, () => this.#stripe.paymentIntents.capture(id));
  }

  async void(charge: ChargeKey): Promise<Charge> {
    const id = await this.#idOf(charge);
    return await this.#change(id, () => this.#stripe.paymentIntents.cancel(id));
  }

  async refund(order: RefundOrder): Promise<RefundOutcome> {
    if (order.reference) return toOutcome(await this.#stripe.refunds.retrieve(order.reference));
    const intent = await this.#idOf(order.charge);
    // A first try may have been lost longer ago than Stripe remembers its key. At most a hundred refunds a payment
    // are read: a charge is not given back in more parts.
    const { data } = await this.#stripe.refunds.list({ payment_intent: intent, limit: 100 });
    const made = data.find(({ metadata }) => metadata?.refund_id === order.refundId);
    return made ? toOutcome(made) : await this.#newRefund(intent, order);
  }

  readWebhook(body: Uint8Array, signature: string): WebhookEvent {
    const { webhookSecret, clock } = this.#options;
    try {
      const event = this.#stripe.webhooks.constructEvent(
        Buffer.from(body),
        signature,
        webhookSecret,
        WEBHOOK_TOLERANCE_S,
        undefined,
        clock.now().getTime(),
      );
      return { id: event.id, news: newsOf(event) };
    } catch (error) {
      if (error instanceof Stripe.errors.StripeSignatureVerificationError) {
        throw new ApiError("INVALID_SIGNATURE", { cause: error });
      }
      throw error;
    }
  }

  async #newRefund(intent: string, { refundId, amount }: RefundOrder): Promise<RefundOutcome> {
    try {
      const refund = await this.#stripe.refunds.create(
        { payment_intent: intent, amount: stripeAmount(amount), metadata: { refund_id: refundId } },
        { idempotencyKey: refundId },
      );
      return toOutcome(refund);
    } catch (error) {
      // Refused for good: given back in Stripe's dashboard, say, or disputed.
      if (isInvalidRequest(error)) return { reference: null, status: "FAILED" };
      throw error;
    }
  }

  /** Does what can be done once; where it was done, or is not possible any more, where the intent stands says so. */
  async #change(id: string, change: () => Promise<unknown>): Promise<Charge> {
    try {
      await change();
    } catch (error) {
      if (!isInvalidRequest(error)) throw error;
    }
    return await this.#read(id);
  }

  async #read(id: string): Promise<Charge> {
    return toCharge(await this.#stripe.paymentIntents.retrieve(id, WITH_CHARGE));
  }

  async #idOf(charge: ChargeKey): Promise<string> {
    const id = charge.reference ?? (await this.find(charge))?.reference;
    if (!id) throw new Error("Stripe has no intent for the attempt (yet)");
    return id;
  }

  /**
   * A card that is refused, or a request that is and always will be (no such card, too small an amount): nothing is
   * charged. Throws everything else, such as a key that is in use, or is not good: then the outcome is not known.
   */
  #declined(error: unknown): Charge {
    if (!(error instanceof Stripe.errors.StripeCardError || isInvalidRequest(error))) throw error;
    return {
      reference: error.payment_intent?.id ?? null,
      status: "DECLINED",
      declineCode: error.decline_code ?? error.code ?? error.rawType ?? "card_declined",
      nextActionUrl: null,
      authorizationExpireTime: this.#options.clock.now(),
    };
  }
}

/** 400 or 404, but neither a conflict of idempotency keys nor a limit, which have classes of their own. */
const isInvalidRequest = (error: unknown): error is Stripe.errors.StripeInvalidRequestError =>
  error instanceof Stripe.errors.StripeInvalidRequestError;

/** What an event is about, if it is about something that was made here. */
function newsOf(event: Stripe.Event): WebhookEvent["news"] {
  const { object } = event.data;
  if (!("object" in object)) return undefined;
  if (object.object === "payment_intent") {
    const { attempt_id: attemptId } = object.metadata;
    return attemptId ? { about: "charge", charge: { attemptId, reference: object.id } } : undefined;
  }
  if (object.object === "refund") {
    const refundId = object.metadata?.refund_id;
    return refundId ? { about: "refund", refundId, reference: object.id } : undefined;
  }
  return undefined;
}
