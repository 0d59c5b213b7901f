import type Stripe from "stripe";
import type { Charge, ChargeStatus, RefundOutcome } from "./provider.ts";

/** How long card networks keep an authorization, where Stripe does not say it for the card at hand. */
const AUTHORIZATION_S = 7 * 24 * 3600;

const STATUSES: ReadonlyMap<string, ChargeStatus> = new Map<string, ChargeStatus>([
  // Each attempt is an intent of its own, made with its payment method: one that asks for another was declined.
  ["requires_payment_method", "DECLINED"],
  ["requires_confirmation", "PENDING"],
  ["requires_action", "PENDING"],
  ["processing", "PENDING"],
  ["requires_capture", "AUTHORIZED"],
  ["succeeded", "CAPTURED"],
  ["canceled", "VOIDED"],
]);

/** Where an intent stands, in our words. Throws for a status that Stripe did not have when this was written. */
export function toCharge(intent: Stripe.PaymentIntent): Charge {
  const status = STATUSES.get(intent.status);
  if (!status) throw new Error(`a PaymentIntent is ${intent.status}`);
  const error = intent.last_payment_error;
  return {
    reference: intent.id,
    status,
    declineCode: status === "DECLINED" ? (error?.decline_code ?? error?.code ?? "card_declined") : null,
    nextActionUrl: intent.next_action?.redirect_to_url?.url ?? null,
    authorizationExpireTime: new Date(1000 * (captureBefore(intent) ?? intent.created + AUTHORIZATION_S)),
  };
}

/** Said by the charge, where it is expanded. In seconds since the epoch. */
function captureBefore({ latest_charge }: Stripe.PaymentIntent): number | undefined {
  return typeof latest_charge === "object"
    ? latest_charge?.payment_method_details?.card?.capture_before
    : undefined;
}

/** Where a refund stands, in our words. */
export function toOutcome({ id, status }: Stripe.Refund): RefundOutcome {
  switch (status) {
    case "succeeded":
      return { reference: id, status: "SUCCEEDED" };
    case "failed":
    case "canceled":
      return { reference: id, status: "FAILED" };
    default:
      return { reference: id, status: "PENDING" };
  }
}
