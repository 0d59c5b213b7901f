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
  WebhookSubject,
} from "./provider.ts";
import { stripeAmount } from "./stripe-amount.ts";
import { toCharge, toOutcome } from "./stripe-charge.ts";

export interface StripeProviderOptions {
  apiKey: string;
  webhookSecret: string;
  /** https://api.stripe.com, or the URL of a stand-in server in tests. */
  apiUrl: string;
  /** Page to which Stripe sends a patient back after the confirmation. */
  returnUrl: string;
  clock: Clock;
}

/** Timeout of a call in ms, shorter than the deadline of the request that waits for the call. */
export const TIMEOUT_MS = 8000;
const WEBHOOK_TOLERANCE_S = 300;
/** Makes Stripe include the charge in its answer. The charge states when the authorization expires. */
const WITH_CHARGE = { expand: ["latest_charge"] };

/**
 * The payment provider Stripe. An attempt is a PaymentIntent that is confirmed at its creation and captured
 * later. For at least a day, Stripe repeats its first answer to an idempotency key, even if the state has
 * changed since then. So keys are used only to create intents and refunds, and the current state is read
 * separately. Each intent and refund carries billing's id as metadata. Billing finds it by this id if the
 * answer was lost.
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
      // The library must not retry, because the processing job retries, and logs the reason.
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
   * Finds a charge by Stripe's id or, without one, by the attempt's id. The search by attempt lags by up to a
   * minute, so a new charge may not be found. The caller can then safely authorize again: Stripe repeats its
   * first answer to the same idempotency key.
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
    // An earlier try may have created the refund, and Stripe may have forgotten its idempotency key. So this
    // looks for the refund before it creates one. A page of a hundred refunds is more than a payment gets.
    const { data } = await this.#stripe.refunds.list({ payment_intent: intent, limit: 100 });
    const existing = data.find(({ metadata }) => metadata?.refund_id === order.refundId);
    return existing ? toOutcome(existing) : await this.#newRefund(intent, order);
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
      return { id: event.id, subject: subjectOf(event) };
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
      // Stripe refuses permanently: for example, the charge is disputed, or was refunded in Stripe's
      // dashboard.
      if (isInvalidRequest(error)) return { reference: null, status: "FAILED" };
      throw error;
    }
  }

  /**
   * Makes a change, and returns the current charge. Stripe refuses a change that was made before or is no
   * longer possible. This refusal is ignored, because the returned charge shows the state.
   */
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
    if (!id) throw new Error("Stripe finds no intent for the attempt; its search lags by up to a minute");
    return id;
  }

  /**
   * Returns a declined charge if Stripe refused the card, or the request is permanently invalid (no such
   * card, too small an amount). Rethrows every other error, such as an idempotency key in use or an expired
   * API key. The outcome is then unknown.
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

/**
 * True if Stripe answered with status 400 or 404. Idempotency conflicts and rate limits have error classes of
 * their own.
 */
const isInvalidRequest = (error: unknown): error is Stripe.errors.StripeInvalidRequestError =>
  error instanceof Stripe.errors.StripeInvalidRequestError;

/** Charge or refund that a webhook event is about; undefined if the object does not carry billing's id. */
function subjectOf(event: Stripe.Event): WebhookSubject | undefined {
  const { object } = event.data;
  if (!("object" in object)) return undefined;
  if (object.object === "payment_intent") {
    const { attempt_id: attemptId } = object.metadata;
    return attemptId ? { kind: "charge", charge: { attemptId, reference: object.id } } : undefined;
  }
  if (object.object === "refund") {
    const refundId = object.metadata?.refund_id;
    return refundId ? { kind: "refund", refundId, reference: object.id } : undefined;
  }
  return undefined;
}
