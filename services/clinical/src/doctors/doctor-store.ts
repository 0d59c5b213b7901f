import type { CalendarDate } from "@medconnect/platform/calendar-date.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
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
}

/** Stores current licensings. A new stop becomes due. */
export function saveLicensings(tx: Transaction, licensings: Licensing[], now: Date): void {
  // MySQL assigns from left to right, so the comparison with the old stop comes before its update.
  tx.defer(
    `INSERT INTO doctors (doctor_id, licensed_until, stop_time, stop_until, stopped_by, stop_heard_time) VALUES ? AS new
     ON DUPLICATE KEY UPDATE licensed_until = new.licensed_until,
       stop_heard_time = IF(doctors.stop_time <=> new.stop_time, doctors.stop_heard_time, new.stop_heard_time),
       stop_until = IF(doctors.stop_time <=> new.stop_time, doctors.stop_until, new.stop_until),
       stop_time = new.stop_time, stopped_by = new.stopped_by`,
    [
      licensings.map(({ doctorId, licensedUntil, stopTime, stoppedBy }) => [
        doctorId,
        licensedUntil,
        stopTime,
        stopTime && stopBound(stopTime, licensedUntil, now),
        stoppedBy,
        stopTime && now,
      ]),
    ],
  );
}
