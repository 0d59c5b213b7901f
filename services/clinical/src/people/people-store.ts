import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";

export interface Person {
  userId: string;
  fullName: string;
  role: Role;
}

export function savePeople(tx: Transaction, people: Person[]): void {
  tx.defer(
    `INSERT INTO people (user_id, full_name, role) VALUES ? AS new
     ON DUPLICATE KEY UPDATE full_name = new.full_name, role = new.role`,
    [people.map(({ userId, fullName, role }) => [binaryId(userId), fullName, role])],
  );
}

/** True if the user is a doctor about whom auth has sent an event. */
export async function isKnownDoctor(db: Database, userId: string): Promise<boolean> {
  const rows = await db.read("SELECT 1 AS known FROM people WHERE user_id = ? AND role = 'DOCTOR'", [
    binaryId(userId),
  ]);
  return rows.length > 0;
}
