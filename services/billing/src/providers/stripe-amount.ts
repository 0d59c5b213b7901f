import { MINOR_UNITS } from "@medconnect/platform/i18n/currencies.ts";
import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";

/**
 * Number of decimals at Stripe, for the currencies in which Stripe differs from ISO 4217
 * (https://docs.stripe.com/currencies, "Special cases" and "Zero-decimal currencies"). Stripe's API keeps two
 * decimals for ISK and UGX, although only whole units can be charged. HUF and TWD are absent, because they
 * are special cases only in payouts.
 */
const STRIPE_DIGITS: ReadonlyMap<string, number> = new Map([
  ["ISK", 2],
  ["UGX", 2],
  ["MGA", 0],
]);

/**
 * Converts an amount to Stripe's minor units. Stripe declines some of the results: fractions of a unit in
 * MGA, and amounts in BHD, JOD, KWD, OMR and TND whose last digit is not 0
 * (https://docs.stripe.com/currencies, "Three-decimal currencies").
 */
export function stripeAmount({ currencyCode, amountMinor }: Money): number {
  const digits = MINOR_UNITS.get(currencyCode) ?? 2;
  const stripeDigits = STRIPE_DIGITS.get(currencyCode) ?? digits;
  return stripeDigits < digits
    ? amountMinor / 10 ** (digits - stripeDigits)
    : amountMinor * 10 ** (stripeDigits - digits);
}
