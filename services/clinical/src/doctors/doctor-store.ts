import type { CalendarDate } from "@medconnect/platform/calendar-date.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

export interface Licensing {
  doctorId: string;
  /** Null: no verified licence. */
  licensedUntil: CalendarDate | null;
}

export function saveLicensings(tx: Transaction, licensings: Licensing[]): void {
  tx.defer(
    `INSERT INTO doctors (doctor_id, licensed_until) VALUES ? AS new
     ON DUPLICATE KEY UPDATE licensed_until = new.licensed_until`,
    [licensings.map(({ doctorId, licensedUntil }) => [doctorId, licensedUntil])],
  );
}

/** Last day of the doctor's verified licences; null without one. */
export async function licensedUntil(db: Database, doctorId: string): Promise<Date | null> {
  const [row] = await db.read<{ licensed_until: Date | null }>(
    "SELECT licensed_until FROM doctors WHERE doctor_id = ?",
    [doctorId],
  );
  return row?.licensed_until ?? null;
}
