import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { CalendarDate } from "@medconnect/platform/time/calendar-date.ts";
import { stopBound } from "./licensing-rules.ts";

/** A doctor's licensing, from an event of scheduling. */
export interface Licensing {
  doctorId: string;
  /** Null without a verified licence. */
  licensedUntil: CalendarDate | null;
  /** Time of an admin's order to stop the doctor's prescriptions; null without an order. */
  stopTime: Date | null;
  /** Admin who gave this order; null without an order. */
  stoppedBy: string | null;
  /** Public name; null in events of older releases, which contain no public name. */
  displayName: string | null;
}

/** Facts about doctor and patient at the issue of a prescription. */
export interface IssueFacts {
  /** Last day of the doctor's verified licences; null without a verified licence. */
  licensedUntil: Date | null;
  doctorName: string | null;
  patientName: string | null;
}

/** Facts about a doctor for whom scheduling has sent no event yet. */
const UNKNOWN_DOCTOR: IssueFacts = { licensedUntil: null, doctorName: null, patientName: null };

/**
 * Reads the facts for a new prescription, and locks the doctor's licensing until the commit. A revocation of
 * the licence waits for this lock. So if the revocation stops the doctor's prescriptions, it finds the new
 * prescription as well.
 */
export async function lockIssueFacts(
  tx: Transaction,
  { doctorId, patientId }: { doctorId: string; patientId: string },
): Promise<IssueFacts> {
  const [row] = await tx.read<IssueFacts>(
    `SELECT d.licensed_until AS licensedUntil, d.display_name AS doctorName, p.full_name AS patientName
     FROM doctors d LEFT JOIN people p ON p.user_id = ?
     WHERE d.doctor_id = ? FOR SHARE OF d`,
    [binaryId(patientId), binaryId(doctorId)],
  );
  return row ?? UNKNOWN_DOCTOR;
}

/**
 * Locks the licensings of doctors. Waits until the prescriptions that these doctors are issuing are
 * committed.
 */
export async function lockLicensings(tx: Transaction, doctorIds: string[]): Promise<void> {
  await tx.read("SELECT doctor_id FROM doctors WHERE doctor_id IN (?) ORDER BY doctor_id FOR UPDATE", [
    doctorIds.map(binaryId),
  ]);
}

/**
 * Saves new versions of licensings. If one contains a new order to stop prescriptions, a job carries it out.
 */
export function saveLicensings(tx: Transaction, licensings: Licensing[], now: Date): void {
  // MySQL assigns from left to right, so `stop_time` keeps its old value until the last line.
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

/**
 * Gives doctors without a public name the name of their account. Events of older releases contain no public
 * name, because the account's name was the public name then.
 */
function copyAccountNames(tx: Transaction, doctors: Licensing[]): void {
  tx.defer(
    `UPDATE doctors d JOIN people p ON p.user_id = d.doctor_id SET d.display_name = p.full_name
     WHERE d.doctor_id IN (?) AND d.display_name IS NULL`,
    [doctors.map(({ doctorId }) => binaryId(doctorId))],
  );
}
