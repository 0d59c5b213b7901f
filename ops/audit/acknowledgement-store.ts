import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";

/** An operator's statement that a finding of the audit check is explained, and why. */
export interface AcknowledgementRow {
  findingId: string;
  reason: string;
  createTime: Date;
  hmac: Buffer;
}

/** Actions of the audit lines that record the start and the end of an acknowledgement. */
export const ACKNOWLEDGED = "audit.acknowledge";
export const ACKNOWLEDGEMENT_ENDED = "audit.end_acknowledgement";

const OPEN = `SELECT a.finding_id AS findingId, a.reason, a.create_time AS createTime, a.hmac
  FROM audit_acknowledgements a
  WHERE NOT EXISTS (
    SELECT 1 FROM audit_events e WHERE e.action = '${ACKNOWLEDGEMENT_ENDED}' AND e.occur_time >= a.create_time
      AND e.resource = CONCAT('findings/', a.finding_id)
  )`;
const INSERT =
  "INSERT INTO audit_acknowledgements (finding_id, reason, create_time, hmac) VALUES (?, ?, ?, ?)";

/**
 * Lists the acknowledgements that have not been ended. There are few, because operators make each one by
 * hand.
 */
export const listAcknowledgements = (db: Database) => db.read<AcknowledgementRow>(OPEN);

export function insertAcknowledgement(tx: Transaction, row: AcknowledgementRow): void {
  tx.defer(INSERT, [row.findingId, row.reason, row.createTime, row.hmac]);
}
