import type {
  Charge,
  ChargeKey,
  Order,
  Provider,
  RefundOrder,
  RefundOutcome,
} from "../providers/provider.ts";

const pass = async (): Promise<void> => {};

/** A provider whose calls a test can record, delay and interrupt. */
export class InterruptibleProvider implements Provider {
  readonly name = "stub";
  readonly #provider: Provider;
  /** Names of the methods called since the last `reset`. */
  calls: string[] = [];
  /** Runs before a call reaches the provider. */
  onRequest = pass;
  /** Runs after the provider has answered, and before the answer reaches the caller. */
  onResponse = pass;

  constructor(provider: Provider) {
    this.#provider = provider;
  }

  reset(): void {
    this.calls = [];
    this.onRequest = pass;
    this.onResponse = pass;
  }

  authorize = (order: Order): Promise<Charge> =>
    this.#call("authorize", () => this.#provider.authorize(order));
  find = (key: ChargeKey): Promise<Charge | undefined> => this.#call("find", () => this.#provider.find(key));
  capture = (key: ChargeKey): Promise<Charge> => this.#call("capture", () => this.#provider.capture(key));
  void = (key: ChargeKey): Promise<Charge> => this.#call("void", () => this.#provider.void(key));
  refund = (order: RefundOrder): Promise<RefundOutcome> =>
    this.#call("refund", () => this.#provider.refund(order));

  readWebhook = (body: Uint8Array, signature: string) => this.#provider.readWebhook(body, signature);

  async #call<T>(name: string, send: () => Promise<T>): Promise<T> {
    this.calls.push(name);
    await this.onRequest();
    const answer = await send();
    await this.onResponse();
    return answer;
  }
}
