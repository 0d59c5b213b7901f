import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";

/** Where the provider has got with an attempt. */
export type ChargeStatus = "PENDING" | "DECLINED" | "AUTHORIZED" | "CAPTURED" | "VOIDED" | "REFUNDED";

/** What the provider knows of an attempt. */
export interface Charge {
  /** The provider's name for it. */
  reference: string;
  status: ChargeStatus;
  /** Why it was declined, such as "card_declined". */
  declineCode: string | null;
  /** Where the patient has to go before it goes on. */
  nextActionUrl: string | null;
}

/** What is to be authorized. */
export interface Order {
  /** Ours; the provider authorizes it once, however often it is asked to. */
  attemptId: string;
  amount: Money;
  /** The provider's name for a card or account. */
  paymentMethod: string;
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
  find(attemptId: string): Promise<Charge | undefined>;
  /** Takes what is reserved. */
  capture(attemptId: string): Promise<Charge>;
  /** Lets go of what is reserved. */
  void(attemptId: string): Promise<Charge>;
  /** Gives back all that was taken. */
  refund(attemptId: string): Promise<Charge>;
}
