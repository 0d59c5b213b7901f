import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  captureEntries,
  clearingAccount,
  doctorAccount,
  type Entry,
  refundEntries,
  refundReversalEntries,
} from "./ledger-rules.ts";

const payment = { id: "p", doctorId: "d", provider: "stub", currency: "USD", amountMinor: 5000 };

const balance = (entries: Entry[], account: string): number =>
  entries
    .filter((entry) => entry.account === account)
    .reduce((sum, { debitMinor, creditMinor }) => sum + creditMinor - debitMinor, 0);

test("a capture credits the doctor, and a refund debits the doctor", () => {
  const entries = [...captureEntries(payment), ...refundEntries(payment, { id: "r", amountMinor: 2000 })];
  expect(balance(entries, doctorAccount("d"))).toBe(3000);
  expect(balance(entries, clearingAccount("stub"))).toBe(-3000);
});

test("the lines of a capture and of a refund", () => {
  const common = { paymentId: "p", currency: "USD" };
  const [capture, refund] = [
    { ...common, transactionId: "p", kind: "CAPTURE" },
    { ...common, transactionId: "r", kind: "REFUND" },
  ];
  expect(captureEntries(payment)).toEqual([
    { ...capture, account: "provider_clearing:stub", debitMinor: 5000, creditMinor: 0 },
    { ...capture, account: "doctor:d", debitMinor: 0, creditMinor: 5000 },
  ]);
  expect(refundEntries(payment, { id: "r", amountMinor: 2000 })).toEqual([
    { ...refund, account: "provider_clearing:stub", debitMinor: 0, creditMinor: 2000 },
    { ...refund, account: "doctor:d", debitMinor: 2000, creditMinor: 0 },
  ]);
});

test("the reversal of a refund undoes it, entry by entry, in the same transaction", () => {
  const refund = { id: "r", amountMinor: 2000 };
  const [refunded, reversed] = [refundEntries(payment, refund), refundReversalEntries(payment, refund)];
  expect(reversed).toEqual(
    refunded.map((entry) => ({
      ...entry,
      kind: "REFUND_REVERSAL",
      debitMinor: entry.creditMinor,
      creditMinor: entry.debitMinor,
    })),
  );
  for (const account of [doctorAccount("d"), clearingAccount("stub")]) {
    expect(balance([...refunded, ...reversed], account)).toBe(0);
  }
});

test("debits equal credits in each transaction and in total, for any captures and refunds", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 5 }), (amounts) => {
      const movements = [
        captureEntries(payment),
        ...amounts.map((amountMinor, i) => refundEntries(payment, { id: `r${i}`, amountMinor })),
      ];
      for (const entries of movements) {
        const [debits, credits] = [sum(entries, "debitMinor"), sum(entries, "creditMinor")];
        expect(debits).toBe(credits);
        expect(new Set(entries.map(({ transactionId }) => transactionId)).size).toBe(1);
        for (const entry of entries) expect(entry.debitMinor === 0).not.toBe(entry.creditMinor === 0);
      }
      const returned = amounts.reduce((total, amount) => total + amount, 0);
      expect(balance(movements.flat(), doctorAccount("d"))).toBe(5000 - returned);
    }),
  );
});

const sum = (entries: Entry[], side: "debitMinor" | "creditMinor"): number =>
  entries.reduce((total, entry) => total + entry[side], 0);
