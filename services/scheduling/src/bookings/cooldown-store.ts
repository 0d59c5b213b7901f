import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

/** Stores the end of a patient's cooldown for a slot. Until then, the patient cannot hold that slot again. */
export function insertCooldown(tx: Transaction, patientId: string, slotId: string, endTime: Date): void {
  tx.defer(
    `INSERT INTO hold_cooldowns (patient_id, slot_id, end_time) VALUES (?, ?, ?) AS new
     ON DUPLICATE KEY UPDATE end_time = new.end_time`,
    [binaryId(patientId), binaryId(slotId), endTime],
  );
}

/**
 * Statement that deletes ended cooldowns. Its parameters are the current time and the maximum number of rows.
 */
export const DELETE_ENDED_COOLDOWNS = "DELETE FROM hold_cooldowns WHERE end_time <= ? LIMIT ?";
