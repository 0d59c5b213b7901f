import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

/** What a user is called; empty for one whom auth has not told of yet. */
export async function nameOf(db: Database, userId: string): Promise<string> {
  const [row] = await db.read<{ full_name: string }>("SELECT full_name FROM people WHERE user_id = ?", [
    userId,
  ]);
  return row?.full_name ?? "";
}

export function savePerson(tx: Transaction, userId: string, fullName: string, disabled: boolean): void {
  tx.defer(
    `INSERT INTO people (user_id, full_name, disabled) VALUES (?, ?, ?) AS new
     ON DUPLICATE KEY UPDATE full_name = new.full_name, disabled = new.disabled`,
    [userId, fullName, disabled],
  );
}
