import { MINOR_UNITS } from "@medconnect/platform/i18n/currencies.ts";
import type { Money } from "@medconnect/proto/medconnect/common/v1/money.ts";

/**
 * Currencies whose number of decimals differs between Stripe and ISO 4217
 * (https://docs.stripe.com/currencies, "Special cases" and "Zero-decimal currencies"). Stripe's API keeps two
 * decimals for ISK and UGX, although only whole units can be charged. HUF and TWD are special for payouts
 * only.
 */
const STRIPE_DIGITS: ReadonlyMap<string, number> = new Map([
  ["ISK", 2],
  ["UGX", 2],
  ["MGA", 0],
]);

/**
 * An amount in Stripe's minor units. Stripe declines fractions of a unit (MGA), and amounts in BHD, JOD, KWD,
 * OMR and TND whose last digit is not 0 (https://docs.stripe.com/currencies, "Three-decimal currencies").
 */
export function stripeAmount({ currencyCode, amountMinor }: Money): number {
  const digits = MINOR_UNITS.get(currencyCode) ?? 2;
  const stripeDigits = STRIPE_DIGITS.get(currencyCode) ?? digits;
  return stripeDigits < digits
    ? amountMinor / 10 ** (digits - stripeDigits)
    : amountMinor * 10 ** (stripeDigits - digits);
}
