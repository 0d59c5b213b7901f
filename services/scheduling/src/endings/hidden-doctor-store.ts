import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

/**
 * Finds disabled doctors who are marked for the sweep and have future slots to withdraw: open or blocked
 * ones.
 */
export async function findHiddenDoctors(db: Database, now: Date, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    `SELECT d.id FROM doctors d WHERE d.licensing_change_time IS NOT NULL AND d.hidden AND EXISTS
       (SELECT 1 FROM slots s WHERE s.doctor_id = d.id AND s.start_time > ? AND s.status IN ('OPEN', 'BLOCKED'))
     LIMIT ?`,
    [now, limit],
  );
  return rows.map(({ id }) => id);
}

/** True if a doctor's account is disabled. Locks the profile, so that the result holds until the commit. */
export async function isHidden(tx: Transaction, doctorId: string): Promise<boolean> {
  const rows = await tx.read("SELECT 1 FROM doctors WHERE id = ? AND hidden FOR UPDATE", [
    binaryId(doctorId),
  ]);
  return rows.length > 0;
}
