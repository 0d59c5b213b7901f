import type Stripe from "stripe";
import type { Charge, ChargeStatus, RefundOutcome } from "./provider.ts";

/** Lifetime of an authorization if Stripe does not state the card network's. */
const AUTHORIZATION_S = 7 * 24 * 3600;

const STATUSES: ReadonlyMap<string, ChargeStatus> = new Map<string, ChargeStatus>([
  // An intent belongs to one attempt and its payment method, so an intent that needs another payment method
  // was declined.
  ["requires_payment_method", "DECLINED"],
  ["requires_confirmation", "PENDING"],
  ["requires_action", "PENDING"],
  ["processing", "PENDING"],
  ["requires_capture", "AUTHORIZED"],
  ["succeeded", "CAPTURED"],
  ["canceled", "VOIDED"],
]);

/** The charge of a PaymentIntent. Throws for a status that this code does not know. */
export function toCharge(intent: Stripe.PaymentIntent): Charge {
  const status = STATUSES.get(intent.status);
  if (!status) throw new Error(`Stripe returned a PaymentIntent with the unknown status ${intent.status}`);
  const error = intent.last_payment_error;
  return {
    reference: intent.id,
    status,
    declineCode: status === "DECLINED" ? (error?.decline_code ?? error?.code ?? "card_declined") : null,
    nextActionUrl: intent.next_action?.redirect_to_url?.url ?? null,
    authorizationExpireTime: new Date(1000 * (captureBefore(intent) ?? intent.created + AUTHORIZATION_S)),
  };
}

/**
 * Time until which the charge can be captured, in seconds since the epoch; undefined unless `latest_charge`
 * is expanded.
 */
function captureBefore({ latest_charge }: Stripe.PaymentIntent): number | undefined {
  return typeof latest_charge === "object"
    ? latest_charge?.payment_method_details?.card?.capture_before
    : undefined;
}

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
