import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

/** An admin's right to read a patient's records until a time. */
export interface Grant {
  id: string;
  adminId: string;
  patientId: string;
  endTime: Date;
}

/** A stored grant. `proof` is null if the row was not inserted by clinical. */
export interface GrantRow extends Grant {
  proof: Buffer | null;
}

/** Maximum number of grants to read and verify. Without it, forged rows could make reads slow. */
const MAX_READ = 20;

/** Inserts grants. For a grant that exists already, updates the end time. */
export function saveGrants(tx: Transaction, grants: GrantRow[]): void {
  tx.defer(
    `INSERT INTO break_glass_grants (id, admin_id, patient_id, end_time, proof) VALUES ? AS new
     ON DUPLICATE KEY UPDATE end_time = new.end_time, proof = new.proof`,
    [
      grants.map(({ id, adminId, patientId, endTime, proof }) => [
        binaryId(id),
        binaryId(adminId),
        binaryId(patientId),
        endTime,
        proof,
      ]),
    ],
  );
}

/**
 * Unexpired grants of an admin for a patient, latest end first. The caller must check the proofs of the
 * grants.
 */
export async function findLiveGrants(
  db: Database,
  adminId: string,
  patientId: string,
  now: Date,
): Promise<GrantRow[]> {
  return await db.read<GrantRow>(
    `SELECT id, admin_id AS adminId, patient_id AS patientId, end_time AS endTime, proof FROM break_glass_grants
     WHERE admin_id = ? AND patient_id = ? AND end_time > ? ORDER BY end_time DESC LIMIT ?`,
    [binaryId(adminId), binaryId(patientId), now, MAX_READ],
  );
}
