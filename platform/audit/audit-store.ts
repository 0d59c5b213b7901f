import { binaryId } from "../db/binary-id.ts";
import type { SqlScalar } from "../db/sql-value.ts";
import type { Transaction } from "../db/transaction.ts";

export type Outcome = "SUCCESS" | "DENIED" | "FAILURE";

/** A line of the audit trail. */
export interface AuditRecord {
  id: string;
  action: string;
  actorId: string;
  /** Users whose data the line is about: at most two, because the table has two indexes by subject. */
  subjectIds: string[];
  /** Name of the resource, such as "bookings/{id}". */
  resource: string;
  outcome: Outcome;
  requestId: string;
  traceId: string;
  occurTime: Date;
  /** Id of the break-glass grant that allowed the read. */
  grantId?: string | undefined;
}

const INSERT = `INSERT INTO audit_events
  (id, action, actor_id, subject_ids, resource, outcome, request_id, trace_id, occur_time, grant_id) VALUES ?`;

/** Adds lines to the audit trail in a transaction. */
export function insertAuditEvents(tx: Transaction, records: AuditRecord[]): void {
  tx.defer(INSERT, [records.map(rowOf)]);
}

const rowOf = (r: AuditRecord): SqlScalar[] => [
  binaryId(r.id),
  r.action,
  r.actorId,
  JSON.stringify(subjectsOf(r)),
  r.resource,
  r.outcome,
  r.requestId,
  r.traceId,
  r.occurTime,
  binaryId(r.grantId ?? null),
];

function subjectsOf({ action, subjectIds }: AuditRecord): string[] {
  if (subjectIds.length > 2)
    throw new Error(`A line of ${action} has more than two subjects; write one each.`);
  return subjectIds;
}
