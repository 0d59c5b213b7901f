import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { CalendarDate } from "@medconnect/platform/time/calendar-date.ts";
import { stopBound } from "./licensing-rules.ts";

/** A doctor's licensing, from scheduling's event. */
export interface Licensing {
  doctorId: string;
  /** Null without a verified licence. */
  licensedUntil: CalendarDate | null;
  /** Prescriptions issued until this time are stopped; null: none are. */
  stopTime: Date | null;
  /** The admin who ordered the stop. */
  stoppedBy: string | null;
  /** Public name; null from a sender of a release before names. */
  displayName: string | null;
}

/** Facts about the two people of a prescription at its issue. */
export interface IssueFacts {
  /** Last day of the doctor's verified licences; null without one. */
  licensedUntil: Date | null;
  doctorName: string | null;
  patientName: string | null;
}

/**
 * Doctor and patient at the issue of a prescription; undefined for a doctor without any licence. Locks the licensing, so that
 * no revocation commits before the prescription, and an order to stop finds it.
 */
export async function lockIssueFacts(
  tx: Transaction,
  { doctorId, patientId }: { doctorId: string; patientId: string },
): Promise<IssueFacts | undefined> {
  const [row] = await tx.read<IssueFacts>(
    `SELECT l.licensed_until AS licensedUntil, l.display_name AS doctorName, p.full_name AS patientName
     FROM doctors l LEFT JOIN people p ON p.user_id = ?
     WHERE l.doctor_id = ? FOR SHARE OF l`,
    [binaryId(patientId), binaryId(doctorId)],
  );
  return row;
}

/** Waits for prescriptions that are being issued by these doctors. */
export async function lockLicensings(tx: Transaction, doctorIds: string[]): Promise<void> {
  await tx.read("SELECT doctor_id FROM doctors WHERE doctor_id IN (?) ORDER BY doctor_id FOR UPDATE", [
    doctorIds.map(binaryId),
  ]);
}

/** Stores current licensings. A new stop becomes due. */
export function saveLicensings(tx: Transaction, licensings: Licensing[], now: Date): void {
  // MySQL assigns from left to right, so the comparison with the old stop comes before its update.
  tx.defer(
    `INSERT INTO doctors
       (doctor_id, licensed_until, stop_time, stop_until, stopped_by, stop_received_time, display_name) VALUES ? AS new
     ON DUPLICATE KEY UPDATE licensed_until = new.licensed_until,
       display_name = COALESCE(new.display_name, doctors.display_name),
       stop_received_time = IF(doctors.stop_time <=> new.stop_time, doctors.stop_received_time, new.stop_received_time),
       stop_until = IF(doctors.stop_time <=> new.stop_time, doctors.stop_until, new.stop_until),
       stop_time = new.stop_time, stopped_by = new.stopped_by`,
    [
      licensings.map(({ doctorId, licensedUntil, stopTime, stoppedBy, displayName }) => [
        binaryId(doctorId),
        licensedUntil,
        stopTime,
        stopTime && stopBound(stopTime, licensedUntil, now),
        binaryId(stoppedBy),
        stopTime && now,
        displayName,
      ]),
    ],
  );
  const nameless = licensings.filter(({ displayName }) => displayName === null);
  if (nameless.length > 0) copyAccountNames(tx, nameless);
}

/** Gives doctors without a name that of the account, as releases before names did. */
function copyAccountNames(tx: Transaction, doctors: Licensing[]): void {
  tx.defer(
    `UPDATE doctors d JOIN people p ON p.user_id = d.doctor_id SET d.display_name = p.full_name
     WHERE d.doctor_id IN (?) AND d.display_name IS NULL`,
    [doctors.map(({ doctorId }) => binaryId(doctorId))],
  );
}
