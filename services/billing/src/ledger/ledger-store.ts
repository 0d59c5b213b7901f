import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { count } from "@medconnect/platform/stats/daily-totals-store.ts";
import { movementCounts } from "./ledger-figures.ts";
import type { Entry } from "./ledger-rules.ts";

const INSERT = `INSERT INTO ledger_entries
  (transaction_id, account, kind, payment_id, currency, debit_minor, credit_minor, create_time) VALUES ?`;

/**
 * Books and counts a movement of money, in the database transaction that also changes the payment or refund.
 */
export function bookMovement(tx: Transaction, entries: Entry[], now: Date): void {
  const values = entries.map((entry) => [
    binaryId(entry.transactionId),
    entry.account,
    entry.kind,
    binaryId(entry.paymentId),
    entry.currency,
    entry.debitMinor,
    entry.creditMinor,
    now,
  ]);
  tx.defer(INSERT, [values]);
  count(tx, movementCounts(entries, now));
}

/** Balance of an account in one currency: credits minus debits, in minor units. */
export interface Balance {
  account: string;
  currency: string;
  minor: number;
}

/** Balance of an account in each currency; empty if the account has no entries. */
export const balanceOf = (db: Database, account: string): Promise<Balance[]> =>
  readBalances(db, "account = ?", account);

/** Balances that result from a payment's own entries, by account; empty if no money has moved. */
export const balancesOfPayment = (db: Database, paymentId: string): Promise<Balance[]> =>
  readBalances(db, "payment_id = ?", binaryId(paymentId));

/** Reads balances. MySQL returns the sums as text, which is converted here. */
async function readBalances(db: Database, condition: string, value: SqlScalar): Promise<Balance[]> {
  const rows = await db.read<{ account: string; currency: string; minor: string }>(
    `SELECT account, currency, SUM(CAST(credit_minor AS SIGNED) - CAST(debit_minor AS SIGNED)) AS minor
     FROM ledger_entries WHERE ${condition} GROUP BY account, currency ORDER BY account, currency`,
    [value],
  );
  return rows.map((row) => ({ ...row, minor: Number(row.minor) }));
}
