import type Stripe from "stripe";
import type { Charge, ChargeStatus, RefundOutcome } from "./provider.ts";

/** Lifetime of an authorization in seconds, used if Stripe does not state when the authorization expires. */
const AUTHORIZATION_S = 7 * 24 * 3600;

const STATUSES: ReadonlyMap<string, ChargeStatus> = new Map<string, ChargeStatus>([
  // A PaymentIntent belongs to one attempt with one payment method. If Stripe asks for another payment
  // method, the attempt was declined.
  ["requires_payment_method", "DECLINED"],
  ["requires_confirmation", "PENDING"],
  ["requires_action", "PENDING"],
  ["processing", "PENDING"],
  ["requires_capture", "AUTHORIZED"],
  ["succeeded", "CAPTURED"],
  ["canceled", "VOIDED"],
]);

/** Converts a PaymentIntent to a charge. Throws for a status that STATUSES does not contain. */
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

/** Deadline of the capture, in seconds since the epoch; undefined if `latest_charge` is not expanded. */
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
