import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Funds, refundableMinor } from "../payments/payment-rules.ts";
import { beginRefund, endRefund, retryDelayMs, reverseRefund } from "./refund-rules.ts";

const captured: Funds = { status: "CAPTURED", amountMinor: 5000, refundedMinor: 0, refundingMinor: 0 };

test.each([
  ["CAPTURED", 0, 0, 5000],
  ["CAPTURED", 0, 2000, 3000],
  ["PARTIALLY_REFUNDED", 1000, 2000, 2000],
  ["REFUNDED", 5000, 0, 0],
  ["AUTHORIZED", 0, 0, 0],
  ["VOIDED", 0, 0, 0],
] as const)(
  "of 5000 %s, with %i refunded and %i pending, %i are refundable",
  (status, refundedMinor, refundingMinor, expected) => {
    const funds: Funds = { status, amountMinor: 5000, refundedMinor, refundingMinor };
    expect(refundableMinor(funds)).toBe(expected);
    expect(() => beginRefund(funds, expected + 1)).toThrow(
      expect.objectContaining({
        reason: "REFUND_EXCEEDS_CAPTURED",
        metadata: { refundableMinor: `${expected}` },
      }),
    );
  },
);

test.each([
  [5000, "SUCCEEDED", { status: "REFUNDED", refundedMinor: 5000, refundingMinor: 0 }],
  [2000, "SUCCEEDED", { status: "PARTIALLY_REFUNDED", refundedMinor: 2000, refundingMinor: 0 }],
  [2000, "FAILED", { status: "CAPTURED", refundedMinor: 0, refundingMinor: 0 }],
] as const)("a refund of %i that %s", (amount, outcome, expected) => {
  expect(endRefund(beginRefund(captured, amount), amount, outcome)).toMatchObject(expected);
});

test("a refused refund is retried after 1, 4 and 24 hours", () => {
  const hours = [1, 2, 3, 4, 5].map(retryDelayMs).map((ms) => ms && ms / 3_600_000);
  expect(hours).toEqual([1, 4, 24, null, null]);
});

test("a reversed refund is refundable again; other refunds stay", () => {
  const whole = endRefund(beginRefund(captured, 5000), 5000, "SUCCEEDED");
  expect(reverseRefund(whole, 5000)).toEqual(captured);
  const parts = endRefund(
    beginRefund(endRefund(beginRefund(captured, 2000), 2000, "SUCCEEDED"), 3000),
    3000,
    "SUCCEEDED",
  );
  expect(reverseRefund(parts, 2000)).toMatchObject({ status: "PARTIALLY_REFUNDED", refundedMinor: 3000 });
  expect(refundableMinor(reverseRefund(parts, 2000))).toBe(2000);
});

test("refunds in any order never exceed the charge", () => {
  const asked = fc.record({
    amount: fc.integer({ min: 1, max: 6000 }),
    outcome: fc.constantFrom("SUCCEEDED" as const, "FAILED" as const),
    // True if the refund ends before the next refund starts. All other refunds end only after the last refund
    // has started.
    endsAtOnce: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 20 }), (refunds) => {
      let funds = captured;
      const later: typeof refunds = [];
      for (const refund of refunds) {
        if (refund.amount > refundableMinor(funds)) continue;
        funds = beginRefund(funds, refund.amount);
        if (refund.endsAtOnce) funds = endRefund(funds, refund.amount, refund.outcome);
        else later.push(refund);
        expect(funds.refundedMinor + funds.refundingMinor).toBeLessThanOrEqual(funds.amountMinor);
      }
      for (const { amount, outcome } of later) funds = endRefund(funds, amount, outcome);
      expect(funds.refundingMinor).toBe(0);
      expect(funds.refundedMinor).toBeLessThanOrEqual(funds.amountMinor);
      expect(funds.status === "REFUNDED").toBe(funds.refundedMinor === funds.amountMinor);
      expect(funds.status === "CAPTURED").toBe(funds.refundedMinor === 0);
    }),
  );
});
