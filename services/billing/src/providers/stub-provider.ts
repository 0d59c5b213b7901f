import type { Database } from "@medconnect/platform/db/database.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import type { BusinessClock, Clock } from "@medconnect/platform/time/clock.ts";
import type {
  Charge,
  ChargeKey,
  Order,
  Provider,
  RefundOrder,
  RefundOutcome,
  WebhookEvent,
} from "./provider.ts";
import {
  captureCharge,
  findCharge,
  insertCharge,
  insertRefund,
  type StubChargeRow,
  voidCharge,
} from "./stub-charge-store.ts";
import { readStubWebhook, type StubEvent, sendStubWebhook } from "./stub-webhooks.ts";

export interface StubProviderOptions {
  db: Database;
  /** Machine time, by which webhooks are signed. */
  clock: Clock;
  /** Business time, by which charges get their outcomes and authorizations expire. */
  businessClock: BusinessClock;
  /** Time for which a delayed charge stays PENDING, in ms. */
  pendingDelayMs: number;
  /** Lifetime of an authorization, in ms. */
  authorizationMs: number;
  /** URL that receives webhooks about delayed charges. Without it, the stub sends no webhooks. */
  webhookUrl?: string | undefined;
  /** Secret that signs webhooks. Without it, the stub sends no webhooks and accepts none. */
  webhookSecret?: string | undefined;
  log: Logger;
  /** URL of the page where a patient confirms a payment. The attempt's id is appended to the URL. */
  actionUrl: string;
}

/** Behaviour of a test payment method. */
interface Scenario {
  declineCode?: string;
  /**
   * Delays the outcome. With WITHOUT_ANSWER, the call fails as if it had timed out. With FOR_PAYER, the
   * answer asks the payer to confirm. When the delay ends, the stub treats the payer as having confirmed.
   */
  delay?: "WITHOUT_ANSWER" | "FOR_PAYER";
  refundsFail?: boolean;
}

const SCENARIOS: ReadonlyMap<string, Scenario> = new Map<string, Scenario>([
  ["pm_card_visa", {}],
  ["pm_card_declined", { declineCode: "card_declined" }],
  ["pm_card_insufficient_funds", { declineCode: "insufficient_funds" }],
  ["pm_provider_timeout", { delay: "WITHOUT_ANSWER" }],
  ["pm_requires_action", { delay: "FOR_PAYER" }],
  ["pm_card_refund_fail", { refundsFail: true }],
]);
const UNKNOWN_METHOD: Scenario = { declineCode: "invalid_payment_method" };

/**
 * A simulated payment provider that moves no money. Its charges are stored in MySQL, so that they outlive the
 * process like the charges of a real provider.
 */
export class StubProvider implements Provider {
  readonly name = "stub";
  readonly #options: StubProviderOptions;

  constructor(options: StubProviderOptions) {
    this.#options = options;
  }

  async authorize(order: Order): Promise<Charge> {
    const scenario = SCENARIOS.get(order.paymentMethod) ?? UNKNOWN_METHOD;
    await insertCharge(this.#options.db, this.#newCharge(order, scenario));
    if (scenario.delay) this.#scheduleWebhook(order.attemptId);
    if (scenario.delay === "WITHOUT_ANSWER") throw new Error("the stub provider does not answer in time");
    return await this.#get(order);
  }

  async find({ attemptId }: Pick<ChargeKey, "attemptId">): Promise<Charge | undefined> {
    const row = await findCharge(this.#options.db, attemptId);
    return row && toCharge(row, this.#options.businessClock.now());
  }

  async capture(charge: ChargeKey): Promise<Charge> {
    await captureCharge(this.#options.db, charge.attemptId, this.#options.businessClock.now());
    return await this.#get(charge);
  }

  async void(charge: ChargeKey): Promise<Charge> {
    await voidCharge(this.#options.db, charge.attemptId, this.#options.businessClock.now());
    return await this.#get(charge);
  }

  async refund({ refundId, charge, amount }: RefundOrder): Promise<RefundOutcome> {
    const status = await insertRefund(this.#options.db, refundId, charge.attemptId, amount.amountMinor);
    if (!status) return { reference: null, status: "FAILED" };
    return { reference: `stub_re_${refundId.replaceAll("-", "")}`, status };
  }

  readWebhook(body: Uint8Array, signature: string): WebhookEvent {
    return readStubWebhook(this.#options.webhookSecret, body, signature, this.#options.clock.now());
  }

  /**
   * Sends a webhook when the delay of a charge ends. If the process stops earlier, no webhook is sent, and
   * the processing job asks for the outcome.
   */
  #scheduleWebhook(attemptId: string): void {
    const { clock, log, pendingDelayMs, webhookUrl, webhookSecret } = this.#options;
    if (!webhookUrl || !webhookSecret) return;
    const event: StubEvent = { id: newId(), type: "charge.updated", attemptId };
    setTimeout(() => {
      sendStubWebhook(webhookUrl, webhookSecret, event, clock.now()).catch((error: unknown) => {
        log.warn({ err: error, attemptId }, "cannot deliver the stub's webhook");
      });
    }, pendingDelayMs).unref();
  }

  #newCharge({ attemptId, amount }: Order, { declineCode, delay, refundsFail }: Scenario): StubChargeRow {
    const { businessClock, pendingDelayMs, authorizationMs, actionUrl } = this.#options;
    const outcomeMs = businessClock.now().getTime() + (delay ? pendingDelayMs : 0);
    return {
      attemptId,
      reference: `stub_${attemptId.replaceAll("-", "")}`,
      status: declineCode ? "DECLINED" : "AUTHORIZED",
      currency: amount.currencyCode,
      amountMinor: amount.amountMinor,
      declineCode: declineCode ?? null,
      nextActionUrl: delay === "FOR_PAYER" ? `${actionUrl}/${attemptId}` : null,
      outcomeTime: new Date(outcomeMs),
      authorizationExpireTime: new Date(outcomeMs + authorizationMs),
      refundStatus: refundsFail ? "FAILED" : "SUCCEEDED",
    };
  }

  async #get(key: Pick<ChargeKey, "attemptId">): Promise<Charge> {
    const charge = await this.find(key);
    if (!charge) throw new Error(`the stub provider has no charge of the attempt ${key.attemptId}`);
    return charge;
  }
}

function toCharge(row: StubChargeRow, now: Date): Charge {
  const isPending = row.outcomeTime > now && row.status !== "VOIDED";
  const hasExpired = row.status === "AUTHORIZED" && row.authorizationExpireTime <= now;
  const status = hasExpired ? "VOIDED" : row.status;
  return {
    reference: row.reference,
    status: isPending ? "PENDING" : status,
    declineCode: row.declineCode,
    nextActionUrl: isPending ? row.nextActionUrl : null,
    authorizationExpireTime: row.authorizationExpireTime,
  };
}
