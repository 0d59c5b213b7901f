import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

/** Stores the end of a patient's cooldown for a slot. Until then, the patient cannot hold that slot again. */
export function insertCooldown(tx: Transaction, patientId: string, slotId: string, endTime: Date): void {
  tx.defer(
    `INSERT INTO hold_cooldowns (patient_id, slot_id, end_time) VALUES (?, ?, ?) AS new
     ON DUPLICATE KEY UPDATE end_time = new.end_time`,
    [binaryId(patientId), binaryId(slotId), endTime],
  );
}

export async function deleteEndedCooldowns(db: Database, now: Date, signal?: AbortSignal): Promise<void> {
  await db.deleteAll("DELETE FROM hold_cooldowns WHERE end_time <= ? LIMIT ?", [now], signal);
}
