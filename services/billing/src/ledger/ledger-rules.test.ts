import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { captureEntries, clearingAccount, doctorAccount, type Entry, refundEntries } from "./ledger-rules.ts";

const payment = { id: "p", doctor_id: "d", provider: "stub", currency: "USD", amount_minor: 5000 };

const balance = (entries: Entry[], account: string): number =>
  entries
    .filter((entry) => entry.account === account)
    .reduce((sum, { debit_minor, credit_minor }) => sum + credit_minor - debit_minor, 0);

test("a capture goes from the provider to the doctor, a refund back", () => {
  const entries = [...captureEntries(payment), ...refundEntries(payment, { id: "r", amount_minor: 2000 })];
  expect(balance(entries, doctorAccount("d"))).toBe(3000);
  expect(balance(entries, clearingAccount("stub"))).toBe(-3000);
});

test("whatever is captured and given back, each transaction's debits equal its credits, and so do all together", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 5 }), (amounts) => {
      const movements = [
        captureEntries(payment),
        ...amounts.map((amount_minor, i) => refundEntries(payment, { id: `r${i}`, amount_minor })),
      ];
      for (const entries of movements) {
        const [debits, credits] = [sum(entries, "debit_minor"), sum(entries, "credit_minor")];
        expect(debits).toBe(credits);
        expect(new Set(entries.map(({ transaction_id }) => transaction_id)).size).toBe(1);
        for (const entry of entries) expect(entry.debit_minor === 0).not.toBe(entry.credit_minor === 0);
      }
      const returned = amounts.reduce((total, amount) => total + amount, 0);
      expect(balance(movements.flat(), doctorAccount("d"))).toBe(5000 - returned);
    }),
  );
});

const sum = (entries: Entry[], side: "debit_minor" | "credit_minor"): number =>
  entries.reduce((total, entry) => total + entry[side], 0);
