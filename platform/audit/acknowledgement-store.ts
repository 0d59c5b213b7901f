import type { Database } from "../db/database.ts";
import type { Transaction } from "../db/transaction.ts";

/** An operator's word on a finding. */
export interface AcknowledgementRow {
  findingId: string;
  reason: string;
  createTime: Date;
  hmac: Buffer;
}

const ALL =
  "SELECT finding_id AS findingId, reason, create_time AS createTime, hmac FROM audit_acknowledgements";
const INSERT =
  "INSERT INTO audit_acknowledgements (finding_id, reason, create_time, hmac) VALUES (?, ?, ?, ?)";

/** All of them: as many as findings were ever acknowledged by hand. */
export const listAcknowledgements = (db: Database) => db.read<AcknowledgementRow>(ALL);

/** The commit throws ER_DUP_ENTRY for a finding that has been acknowledged. */
export function insertAcknowledgement(tx: Transaction, row: AcknowledgementRow): void {
  tx.defer(INSERT, [row.findingId, row.reason, row.createTime, row.hmac]);
}
