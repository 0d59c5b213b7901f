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
  "of 5000 %s, with %i back and %i on its way, %i may still go back",
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

test("what the provider refuses is tried again after 1, 4 and 24 hours, and then left to people", () => {
  const hours = [1, 2, 3, 4, 5].map(retryDelayMs).map((ms) => ms && ms / 3_600_000);
  expect(hours).toEqual([1, 4, 24, null, null]);
});

test("a refund that came back can be given again; a part that stayed back remains so", () => {
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

test("however many refunds are asked for, under way and ended in any order, never more goes back than was charged", () => {
  const asked = fc.record({
    amount: fc.integer({ min: 1, max: 6000 }),
    outcome: fc.constantFrom("SUCCEEDED" as const, "FAILED" as const),
    // Ended before the next one is asked for, or only after all of them.
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
