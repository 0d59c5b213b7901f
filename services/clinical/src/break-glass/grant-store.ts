import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

/** An admin's right to read a patient's records until a time. */
export interface Grant {
  id: string;
  adminId: string;
  patientId: string;
  endTime: Date;
}

/** Keeps grants as they stand now. */
export function saveGrants(tx: Transaction, grants: Grant[]): void {
  tx.defer(
    `INSERT INTO break_glass_grants (id, admin_id, patient_id, end_time) VALUES ? AS new
     ON DUPLICATE KEY UPDATE end_time = new.end_time`,
    [grants.map(({ id, adminId, patientId, endTime }) => [id, adminId, patientId, endTime])],
  );
}

/** The id of the grant that lets an admin read a patient's records, of several the one that lasts longest. */
export async function findLiveGrant(
  db: Database,
  adminId: string,
  patientId: string,
  now: Date,
): Promise<string | undefined> {
  const [row] = await db.read<{ id: string }>(
    `SELECT id FROM break_glass_grants WHERE admin_id = ? AND patient_id = ? AND end_time > ?
     ORDER BY end_time DESC LIMIT 1`,
    [adminId, patientId, now],
  );
  return row?.id;
}
