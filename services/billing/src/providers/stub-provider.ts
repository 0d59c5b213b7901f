import type { Database } from "@medconnect/platform/db/database.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import type { Clock } from "@medconnect/platform/time/clock.ts";
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
  clock: Clock;
  /** How long a charge that does not settle at once stays pending, in ms. */
  pendingDelayMs: number;
  /** How long what is authorized stays so, in ms. */
  authorizationMs: number;
  /** Whom the stub tells of a charge that settled later; nobody if absent. */
  webhookUrl?: string | undefined;
  /** What signs webhooks; without it, none is sent and none is taken. */
  webhookSecret?: string | undefined;
  log: Logger;
  /** Where patients are sent who have to confirm; the attempt's id follows. */
  actionUrl: string;
}

/** What a payment method leads to, as test cards do. */
interface Course {
  declineCode?: string;
  /** Settles later; a patient who has to confirm is taken to have done so by then. */
  pending?: "without an answer" | "for the patient";
  /** What is given back does not arrive. */
  refundsFail?: boolean;
}

const COURSES: ReadonlyMap<string, Course> = new Map<string, Course>([
  ["pm_card_visa", {}],
  ["pm_card_declined", { declineCode: "card_declined" }],
  ["pm_card_insufficient_funds", { declineCode: "insufficient_funds" }],
  ["pm_provider_timeout", { pending: "without an answer" }],
  ["pm_requires_action", { pending: "for the patient" }],
  ["pm_card_refund_fail", { refundsFail: true }],
]);
const UNKNOWN_METHOD: Course = { declineCode: "invalid_payment_method" };

/** A provider that moves no money. Its memory outlives the process, as another company's would. */
export class StubProvider implements Provider {
  readonly name = "stub";
  readonly #options: StubProviderOptions;

  constructor(options: StubProviderOptions) {
    this.#options = options;
  }

  async authorize(order: Order): Promise<Charge> {
    const course = COURSES.get(order.paymentMethod) ?? UNKNOWN_METHOD;
    await insertCharge(this.#options.db, this.#newCharge(order, course));
    if (course.pending) this.#tellLater(order.attemptId);
    if (course.pending === "without an answer") throw new Error("the stub provider does not answer in time");
    return await this.#get(order);
  }

  async find({ attemptId }: ChargeKey): Promise<Charge | undefined> {
    const row = await findCharge(this.#options.db, attemptId);
    return row && toCharge(row, this.#options.clock.now());
  }

  async capture(charge: ChargeKey): Promise<Charge> {
    await captureCharge(this.#options.db, charge.attemptId, this.#options.clock.now());
    return await this.#get(charge);
  }

  async void(charge: ChargeKey): Promise<Charge> {
    await voidCharge(this.#options.db, charge.attemptId, this.#options.clock.now());
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

  /** Tells of a charge once it has settled. A process that ends before does not: who waits for it asks, too. */
  #tellLater(attemptId: string): void {
    const { clock, log, pendingDelayMs, webhookUrl, webhookSecret } = this.#options;
    if (!webhookUrl || !webhookSecret) return;
    const event: StubEvent = { id: newId(), type: "charge.updated", attemptId };
    setTimeout(() => {
      sendStubWebhook(webhookUrl, webhookSecret, event, clock.now()).catch((error: unknown) => {
        log.warn({ err: error, attemptId }, "the stub's webhook is not taken");
      });
    }, pendingDelayMs).unref();
  }

  #newCharge({ attemptId, amount }: Order, { declineCode, pending, refundsFail }: Course): StubChargeRow {
    const { clock, pendingDelayMs, authorizationMs, actionUrl } = this.#options;
    const outcomeMs = clock.now().getTime() + (pending ? pendingDelayMs : 0);
    return {
      attempt_id: attemptId,
      reference: `stub_${attemptId.replaceAll("-", "")}`,
      status: declineCode ? "DECLINED" : "AUTHORIZED",
      currency: amount.currencyCode,
      amount_minor: amount.amountMinor,
      decline_code: declineCode ?? null,
      next_action_url: pending === "for the patient" ? `${actionUrl}/${attemptId}` : null,
      outcome_time: new Date(outcomeMs),
      authorization_expire_time: new Date(outcomeMs + authorizationMs),
      refund_status: refundsFail ? "FAILED" : "SUCCEEDED",
    };
  }

  async #get(key: Pick<ChargeKey, "attemptId">): Promise<Charge> {
    const charge = await this.find({ ...key, reference: null });
    if (!charge) throw new Error("the stub provider has no such charge");
    return charge;
  }
}

function toCharge(row: StubChargeRow, now: Date): Charge {
  const isPending = row.outcome_time > now && row.status !== "VOIDED";
  const hasExpired = row.status === "AUTHORIZED" && row.authorization_expire_time <= now;
  const status = hasExpired ? "VOIDED" : row.status;
  return {
    reference: row.reference,
    status: isPending ? "PENDING" : status,
    declineCode: row.decline_code,
    nextActionUrl: isPending ? row.next_action_url : null,
    authorizationExpireTime: row.authorization_expire_time,
  };
}
