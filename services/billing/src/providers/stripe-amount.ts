import { MINOR_UNITS } from "@medconnect/platform/currencies/currencies.ts";
import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";

/** Decimal places of currencies in which Stripe differs from ISO 4217 (https://docs.stripe.com/currencies, "Minor units"). */
const STRIPE_DIGITS: ReadonlyMap<string, number> = new Map([
  ["ISK", 2],
  ["UGX", 2],
  ["MGA", 0],
]);

/** An amount in Stripe's minor units. Stripe accepts only whole numbers. */
export function stripeAmount({ currencyCode, amountMinor }: Money): number {
  const digits = MINOR_UNITS.get(currencyCode) ?? 2;
  const stripeDigits = STRIPE_DIGITS.get(currencyCode) ?? digits;
  return stripeDigits < digits
    ? amountMinor / 10 ** (digits - stripeDigits)
    : amountMinor * 10 ** (stripeDigits - digits);
}
