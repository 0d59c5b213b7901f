import { durations } from "@medconnect/platform/telemetry/metrics.ts";
import type {
  Charge,
  ChargeKey,
  Order,
  Provider,
  RefundOrder,
  RefundOutcome,
  WebhookEvent,
} from "./provider.ts";

/** Upper bounds of the buckets in seconds. Stripe answers within a second or two; 2 is the limit of PaymentsSlow. */
const BUCKETS = [0.1, 0.5, 1, 2, 5, 10];

const record = durations(
  "payment_provider.call.duration",
  "Duration of calls to the payment provider, by operation",
  BUCKETS,
);

/** A provider whose calls are timed. A webhook is read without a call. */
export class TimedProvider implements Provider {
  readonly name: string;
  readonly #provider: Provider;

  constructor(provider: Provider) {
    this.name = provider.name;
    this.#provider = provider;
  }

  authorize(order: Order): Promise<Charge> {
    return this.#timed("authorize", () => this.#provider.authorize(order));
  }

  find(charge: ChargeKey): Promise<Charge | undefined> {
    return this.#timed("find", () => this.#provider.find(charge));
  }

  capture(charge: ChargeKey): Promise<Charge> {
    return this.#timed("capture", () => this.#provider.capture(charge));
  }

  void(charge: ChargeKey): Promise<Charge> {
    return this.#timed("void", () => this.#provider.void(charge));
  }

  refund(order: RefundOrder): Promise<RefundOutcome> {
    return this.#timed("refund", () => this.#provider.refund(order));
  }

  readWebhook(body: Uint8Array, signature: string): WebhookEvent | Promise<WebhookEvent> {
    return this.#provider.readWebhook(body, signature);
  }

  /** Times a call, also one that fails or gets no answer. */
  async #timed<T>(operation: string, call: () => Promise<T>): Promise<T> {
    const startedAtMs = performance.now();
    try {
      return await call();
    } finally {
      record((performance.now() - startedAtMs) / 1000, { provider: this.name, operation });
    }
  }
}
