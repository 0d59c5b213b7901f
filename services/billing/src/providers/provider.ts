import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";

/** Status of a charge at the provider. Refunds of the charge have a status of their own. */
export type ChargeStatus = "PENDING" | "DECLINED" | "AUTHORIZED" | "CAPTURED" | "VOIDED";

/** The provider's record of an attempt. */
export interface Charge {
  /** Id that the provider gave the charge; null if the attempt was declined before the charge got an id. */
  reference: string | null;
  status: ChargeStatus;
  /** Reason of a decline, such as "card_declined". */
  declineCode: string | null;
  /** Page where the patient confirms the payment. */
  nextActionUrl: string | null;
  authorizationExpireTime: Date;
}

export interface Order {
  /** Idempotency key that is sent to the provider with the authorization. */
  attemptId: string;
  amount: Money;
  /** Token that the provider issued for the patient's card or account. */
  paymentMethod: string;
}

export interface ChargeKey {
  attemptId: string;
  /** Id that the provider gave the charge; null until an answer of the provider has arrived. */
  reference: string | null;
}

export interface RefundOrder {
  /** Idempotency key that is sent to the provider with the refund. */
  refundId: string;
  /** Id that the provider gave the refund; null until an answer of the provider has arrived. */
  reference: string | null;
  charge: ChargeKey;
  amount: Money;
}

export type RefundStatus = "PENDING" | "SUCCEEDED" | "FAILED";

/** The provider's record of a refund. */
export interface RefundOutcome {
  /** Id that the provider gave the refund; null if the provider refused the refund without a record. */
  reference: string | null;
  status: RefundStatus;
}

export type WebhookSubject =
  | { kind: "charge"; charge: ChargeKey }
  | { kind: "refund"; refundId: string; reference: string };

export interface WebhookEvent {
  /** Id of the event. The id stays the same when the provider sends the event again. */
  id: string;
  /** Charge or refund whose state has changed; undefined for any other event. */
  subject: WebhookSubject | undefined;
}

/**
 * A payment provider. Every call is idempotent, and returns the current state even if the call changed
 * nothing (for example, a void after a capture). A call throws if the provider cannot be reached or does not
 * answer in time. The outcome is then unknown until a later call returns it.
 */
export interface Provider {
  /** Name that is stored with each payment, such as "stub". */
  readonly name: string;
  /** Reserves the money. */
  authorize(order: Order): Promise<Charge>;
  /** The charge of an attempt; undefined if the provider does not know the attempt. */
  find(charge: ChargeKey): Promise<Charge | undefined>;
  /** Takes the reserved money. */
  capture(charge: ChargeKey): Promise<Charge>;
  /** Releases the reserved money, or cancels an attempt that waits for its payer. */
  void(charge: ChargeKey): Promise<Charge>;
  /** Returns captured money to the payer. If the provider already has the refund, only returns its state. */
  refund(order: RefundOrder): Promise<RefundOutcome>;
  /** Reads a webhook's unparsed body and its signature header. Throws INVALID_SIGNATURE. */
  readWebhook(body: Uint8Array, signature: string): WebhookEvent | Promise<WebhookEvent>;
}
