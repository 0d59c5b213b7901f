import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";

/** Where the provider has got with an attempt. What goes back of a captured charge, its refunds say. */
export type ChargeStatus = "PENDING" | "DECLINED" | "AUTHORIZED" | "CAPTURED" | "VOIDED";

/** What the provider knows of an attempt. */
export interface Charge {
  /** The provider's name for it; null where it was declined before it had one. */
  reference: string | null;
  status: ChargeStatus;
  /** Why it was declined, such as "card_declined". */
  declineCode: string | null;
  /** Where the patient has to go before it goes on. */
  nextActionUrl: string | null;
  /** When the provider lets go of what is authorized, unless it is captured before. */
  authorizationExpireTime: Date;
}

/** What is to be authorized. */
export interface Order {
  /** Ours; the provider authorizes it once, however often it is asked to. */
  attemptId: string;
  amount: Money;
  /** The provider's name for a card or account. */
  paymentMethod: string;
}

/** Which charge. */
export interface ChargeKey {
  attemptId: string;
  /** The provider's name for it; null where its answer has not been heard yet. */
  reference: string | null;
}

/** What is to go back of a captured charge. */
export interface RefundOrder {
  /** Ours; the provider gives it back once, however often it is asked to. */
  refundId: string;
  /** The provider's name for the refund; null where its answer has not been heard yet. */
  reference: string | null;
  charge: ChargeKey;
  amount: Money;
}

/** What the provider knows of a refund. */
export interface RefundOutcome {
  /** Null where it was refused without a trace. */
  reference: string | null;
  status: "PENDING" | "SUCCEEDED" | "FAILED";
}

/** What a provider tells unasked. */
export interface WebhookEvent {
  /** The same where the event comes again. */
  id: string;
  /** What it says has news; undefined where it is of no concern. */
  news:
    | { about: "charge"; charge: ChargeKey }
    | { about: "refund"; refundId: string; reference: string }
    | undefined;
}

/**
 * Who moves the money. Every call may be repeated without doing more, answers with where the charge stands afterwards
 * (also where it did nothing, such as a void after a capture), and throws where the provider cannot be reached or does
 * not answer in time: then nobody knows whether it did anything, until it is asked again.
 */
export interface Provider {
  /** Such as "stub"; stands on each payment. */
  readonly name: string;
  /** Reserves the money. */
  authorize(order: Order): Promise<Charge>;
  /** The charge of an attempt; undefined where the provider has not heard of it. */
  find(charge: ChargeKey): Promise<Charge | undefined>;
  /** Takes what is reserved. */
  capture(charge: ChargeKey): Promise<Charge>;
  /** Lets go of what is reserved, or gives up an attempt that waits for its patient. */
  void(charge: ChargeKey): Promise<Charge>;
  /** Gives back some of what was taken, or says what became of it. */
  refund(order: RefundOrder): Promise<RefundOutcome>;
  /** Reads a webhook's body, untouched, and the header that signs it. Throws INVALID_SIGNATURE. */
  readWebhook(body: Uint8Array, signature: string): WebhookEvent | Promise<WebhookEvent>;
}
