import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";

/** Status of a charge at the provider. Its refunds have statuses of their own. */
export type ChargeStatus = "PENDING" | "DECLINED" | "AUTHORIZED" | "CAPTURED" | "VOIDED";

/** The provider's record of an attempt. */
export interface Charge {
  /** The provider's id of the charge; null if the attempt was declined before it got one. */
  reference: string | null;
  status: ChargeStatus;
  /** Reason of a decline, such as "card_declined". */
  declineCode: string | null;
  /** Page where the patient confirms the payment. */
  nextActionUrl: string | null;
  authorizationExpireTime: Date;
}

export interface Order {
  /** Idempotency key of the authorization. */
  attemptId: string;
  amount: Money;
  /** The provider's token of a card or account. */
  paymentMethod: string;
}

export interface ChargeKey {
  attemptId: string;
  /** The provider's id of the charge; null until an answer of the provider has arrived. */
  reference: string | null;
}

export interface RefundOrder {
  /** Idempotency key of the refund. */
  refundId: string;
  /** The provider's id of the refund; null until an answer of the provider has arrived. */
  reference: string | null;
  charge: ChargeKey;
  amount: Money;
}

export type RefundStatus = "PENDING" | "SUCCEEDED" | "FAILED";

/** The provider's record of a refund. */
export interface RefundOutcome {
  /** Null if the provider refused the refund without a record of it. */
  reference: string | null;
  status: RefundStatus;
}

export type WebhookSubject =
  | { kind: "charge"; charge: ChargeKey }
  | { kind: "refund"; refundId: string; reference: string };

export interface WebhookEvent {
  /** Id of the event, which stays the same when the provider sends it again. */
  id: string;
  /** Charge or refund whose state has changed; undefined for any other event. */
  subject: WebhookSubject | undefined;
}

/**
 * A payment provider. Every call is idempotent. It returns the current state, also if it changed nothing,
 * such as a void after a capture. It throws if the provider cannot be reached or does not answer in time; the
 * outcome is then unknown until a later call returns it.
 */
export interface Provider {
  /** Stored with each payment, such as "stub". */
  readonly name: string;
  /** Reserves the money. */
  authorize(order: Order): Promise<Charge>;
  /** The charge of an attempt; undefined if the provider does not know the attempt. */
  find(charge: ChargeKey): Promise<Charge | undefined>;
  /** Takes the reserved money. */
  capture(charge: ChargeKey): Promise<Charge>;
  /** Releases the reserved money, or cancels an attempt that waits for its payer. */
  void(charge: ChargeKey): Promise<Charge>;
  /** Returns captured money. If the provider has this refund already, returns its current state instead. */
  refund(order: RefundOrder): Promise<RefundOutcome>;
  /** Reads a webhook's unparsed body and its signature header. Throws INVALID_SIGNATURE. */
  readWebhook(body: Uint8Array, signature: string): WebhookEvent | Promise<WebhookEvent>;
}
