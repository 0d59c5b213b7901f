import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Entry } from "./ledger-rules.ts";

/** Writes a movement's entries, in the transaction of the change of state that it is. */
export function insertEntries(tx: Transaction, entries: Entry[], now: Date): void {
  tx.defer(
    `INSERT INTO ledger_entries
       (transaction_id, account, kind, payment_id, currency, debit_minor, credit_minor, create_time) VALUES ?`,
    [
      entries.map((entry) => [
        entry.transaction_id,
        entry.account,
        entry.kind,
        entry.payment_id,
        entry.currency,
        entry.debit_minor,
        entry.credit_minor,
        now,
      ]),
    ],
  );
}

/** An account's credits less its debits, by currency. */
export async function balanceOf(
  db: Database,
  account: string,
): Promise<{ currency: string; minor: number }[]> {
  const rows = await db.read<{ currency: string; minor: string }>(
    `SELECT currency, SUM(CAST(credit_minor AS SIGNED) - CAST(debit_minor AS SIGNED)) AS minor
     FROM ledger_entries WHERE account = ? GROUP BY currency ORDER BY currency`,
    [account],
  );
  return rows.map(({ currency, minor }) => ({ currency, minor: Number(minor) }));
}
