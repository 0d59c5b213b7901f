import { expect, test } from "@jest/globals";
import { stripeAmount } from "./stripe-amount.ts";

test.each([
  ["USD", 5000, 5000],
  ["JPY", 5000, 5000],
  ["KWD", 5000, 5000],
  ["ISK", 5000, 500_000],
  ["UGX", 5000, 500_000],
  ["MGA", 500_000, 5000],
  ["BGN", 5000, 5000],
])("%s %i of ISO 4217 is %i to Stripe", (currencyCode, amountMinor, expected) => {
  expect(stripeAmount({ currencyCode, amountMinor })).toBe(expected);
});
