import type { CalendarDate } from "@medconnect/platform/calendar-date.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { stopBound } from "./licensing-rules.ts";

/** A doctor's licensing, as scheduling tells of it. */
export interface Licensing {
  doctorId: string;
  /** Null: no verified licence. */
  licensedUntil: CalendarDate | null;
  /** Prescriptions issued until then are to be stopped; null: none are. */
  stopTime: Date | null;
  /** The admin who ordered that. */
  stoppedBy: string | null;
}

/** Keeps licensings as they stand now. A stop that was not heard of before is due. */
export function saveLicensings(tx: Transaction, licensings: Licensing[], now: Date): void {
  // MySQL assigns from left to right: whether the stop is new is asked before it is saved.
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
