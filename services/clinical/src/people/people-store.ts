import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

export interface Person {
  userId: string;
  fullName: string;
}

export function savePeople(tx: Transaction, people: Person[]): void {
  tx.defer(
    `INSERT INTO people (user_id, full_name) VALUES ? AS new
     ON DUPLICATE KEY UPDATE full_name = new.full_name`,
    [people.map(({ userId, fullName }) => [userId, fullName])],
  );
}

/** True if auth has sent an event about a user. */
export async function isKnown(db: Database, userId: string): Promise<boolean> {
  const rows = await db.read("SELECT 1 AS known FROM people WHERE user_id = ?", [userId]);
  return rows.length > 0;
}
