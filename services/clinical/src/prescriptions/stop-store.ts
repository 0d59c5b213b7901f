import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

/**
 * SQL condition: prescription p is active, and an admin's order to stop the prescriptions of doctor d applies
 * to p. The parameter is the current time.
 */
const IS_TO_STOP = `p.status = 'ACTIVE' AND p.expire_time > ?
  AND p.issue_time <= COALESCE(d.stop_until, d.stop_time)`;

/** Ids of active prescriptions to which an order to stop applies, oldest first. */
export async function findPrescriptionsToStop(db: Database, now: Date, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    `SELECT p.id FROM doctors d JOIN prescriptions p ON p.doctor_id = d.doctor_id
     WHERE d.stop_received_time IS NOT NULL AND ${IS_TO_STOP} ORDER BY p.issue_time LIMIT ?`,
    [now, limit],
  );
  return rows.map(({ id }) => id);
}

/** Id of the admin who ordered to stop an active prescription; undefined if no order applies to it. */
export async function findOrderingAdmin(tx: Transaction, id: string, now: Date): Promise<string | undefined> {
  const [row] = await tx.read<{ stoppedBy: string }>(
    `SELECT d.stopped_by AS stoppedBy FROM prescriptions p JOIN doctors d ON d.doctor_id = p.doctor_id
     WHERE p.id = ? AND ${IS_TO_STOP}`,
    [binaryId(id), now],
  );
  return row?.stoppedBy;
}

/**
 * Ends orders to stop prescriptions. An order ends if it arrived earlier than `before` and has no
 * prescription left to stop.
 */
export async function endStopOrders(db: Database, before: Date, now: Date): Promise<void> {
  await db.write(
    `UPDATE doctors d SET d.stop_received_time = NULL WHERE d.stop_received_time < ?
       AND NOT EXISTS (SELECT 1 FROM prescriptions p WHERE p.doctor_id = d.doctor_id AND ${IS_TO_STOP})`,
    [before, now],
  );
}
