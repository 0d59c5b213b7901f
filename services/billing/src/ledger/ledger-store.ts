import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Entry } from "./ledger-rules.ts";

/** Writes a movement's entries, in the transaction of the change of state that it is. */
export function insertEntries(tx: Transaction, entries: Entry[], now: Date): void {
  tx.defer(
    `INSERT INTO ledger_entries
       (transaction_id, account, kind, payment_id, currency, debit_minor, credit_minor, create_time) VALUES ?`,
    [
      entries.map((entry) => [
        binaryId(entry.transaction_id),
        entry.account,
        entry.kind,
        binaryId(entry.payment_id),
        entry.currency,
        entry.debit_minor,
        entry.credit_minor,
        now,
      ]),
    ],
  );
}

/** An account's credits less its debits. */
export interface Balance {
  account: string;
  currency: string;
  minor: number;
}

/** An account's balance in each currency; none where nothing was ever booked. */
export const balanceOf = (db: Database, account: string): Promise<Balance[]> =>
  readBalances(db, "account = ?", account);

/** What a payment adds to the balance of each account that it touched; none where no money has moved. */
export const balancesOfPayment = (db: Database, paymentId: string): Promise<Balance[]> =>
  readBalances(db, "payment_id = ?", binaryId(paymentId));

async function readBalances(db: Database, condition: string, value: SqlValue): Promise<Balance[]> {
  const rows = await db.read<{ account: string; currency: string; minor: string }>(
    `SELECT account, currency, SUM(CAST(credit_minor AS SIGNED) - CAST(debit_minor AS SIGNED)) AS minor
     FROM ledger_entries WHERE ${condition} GROUP BY account, currency ORDER BY account, currency`,
    [value],
  );
  return rows.map((row) => ({ ...row, minor: Number(row.minor) }));
}
