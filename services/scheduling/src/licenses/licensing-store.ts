import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { LicensingRow } from "./licensing.ts";

/**
 * Sets `rename_time` of a locked doctor's verified licences: the time since which the account's name differs
 * from the verified name. If the names differ, an earlier time is kept, and NULL becomes the current time. If
 * the names are equal, the time becomes NULL.
 */
export function compareNames(tx: Transaction, doctorId: string, accountName: string, now: Date): void {
  tx.defer(
    `UPDATE licenses SET rename_time = IF(verified_name <=> ?, NULL, COALESCE(rename_time, ?))
     WHERE doctor_id = ? AND status = 'VERIFIED'`,
    [accountName, now, binaryId(doctorId)],
  );
}

/** Finds the name on the doctor's most recently verified licence; undefined without a verified licence. */
export async function findVerifiedName(tx: Transaction, doctorId: string): Promise<string | undefined> {
  const [row] = await tx.read<{ verifiedName: string }>(
    `SELECT verified_name AS verifiedName FROM licenses WHERE doctor_id = ? AND status = 'VERIFIED' AND verified_name IS NOT NULL
     ORDER BY decide_time DESC, id DESC LIMIT 1`,
    [binaryId(doctorId)],
  );
  return row?.verifiedName;
}

/**
 * Copies the last day of the doctor's verified licences to the profile, where frequent statements read it,
 * and increments the profile's `licensing_version`.
 *
 * @param stoppedBy admin who stops the prescriptions issued until now; absent if none are stopped
 */
export async function updateLicensing(
  tx: Transaction,
  doctorId: string,
  now: Date,
  stoppedBy: string | undefined,
): Promise<LicensingRow> {
  tx.defer(
    `UPDATE doctors SET licensing_version = licensing_version + 1, licensed_until =
       (SELECT MAX(l.expire_date) FROM licenses l WHERE l.doctor_id = doctors.id AND l.status = 'VERIFIED')
     WHERE id = ?`,
    [binaryId(doctorId)],
  );
  if (stoppedBy) {
    tx.defer(
      `UPDATE doctors SET prescriptions_stopped_by = ?,
         prescriptions_stop_time = GREATEST(?, COALESCE(prescriptions_stop_time, ?)) WHERE id = ?`,
      [binaryId(stoppedBy), now, now, binaryId(doctorId)],
    );
  }
  const [row] = await tx.read<LicensingRow>(
    `SELECT id, display_name AS displayName, licensed_until AS licensedUntil, licensing_version AS licensingVersion,
       prescriptions_stop_time AS prescriptionsStopTime, prescriptions_stopped_by AS prescriptionsStoppedBy
     FROM doctors WHERE id = ?`,
    [binaryId(doctorId)],
  );
  // biome-ignore lint/style/noNonNullAssertion: a licensed doctor has a profile
  return row!;
}
