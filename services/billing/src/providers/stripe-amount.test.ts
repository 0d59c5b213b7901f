import { describe, expect, test } from "@jest/globals";
import { MINOR_UNITS } from "@medconnect/platform/i18n/currencies.ts";
import { stripeAmount } from "./stripe-amount.ts";

test.each([
  ["USD", 5000, 5000],
  ["JPY", 5000, 5000],
  ["KWD", 5120, 5120],
  ["ISK", 5, 500],
  ["UGX", 5, 500],
  ["HUF", 1045, 1045],
  ["TWD", 80_045, 80_045],
  ["MGA", 500_000, 5000],
])("%s: %i minor units of ISO 4217 are %i of Stripe", (currencyCode, amountMinor, expected) => {
  expect(stripeAmount({ currencyCode, amountMinor })).toBe(expected);
});

/**
 * Stripe's list "Zero-decimal currencies" (https://docs.stripe.com/currencies as of 2026-11-28), without UGX,
 * which has two decimals under "Special cases". The `stripe` package contains no such list.
 */
const ZERO_DECIMAL = new Set("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(" "));
/** From https://docs.stripe.com/currencies, "Three-decimal currencies". */
const THREE_DECIMAL = new Set("BHD JOD KWD OMR TND".split(" "));
/**
 * Active ISO 4217 currencies whose number of decimals is not two, and which Stripe's lists do not contain.
 * Stripe refuses these currencies as unknown.
 */
const UNKNOWN_TO_STRIPE = new Set("CLF IQD LYD UYI UYW".split(" "));

describe("a whole unit has as many minor units as Stripe documents:", () => {
  const known = [...MINOR_UNITS].filter(([code]) => !UNKNOWN_TO_STRIPE.has(code));
  test.each(known)("%s", (currencyCode, digits) => {
    const stripeDigits = ZERO_DECIMAL.has(currencyCode) ? 0 : THREE_DECIMAL.has(currencyCode) ? 3 : 2;
    expect(stripeAmount({ currencyCode, amountMinor: 10 ** digits })).toBe(10 ** stripeDigits);
  });
});
