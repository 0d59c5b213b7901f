import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { withBooleans } from "@medconnect/platform/db/booleans.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { ConsultationRow } from "./consultation.ts";
import { CONSULTATION_FLAGS } from "./consultation-store.ts";

/** Columns of a consultation that scheduling compares with its booking. */
export type SnapshotRow = Pick<
  ConsultationRow,
  | "id"
  | "bookingId"
  | "paymentId"
  | "status"
  | "transitionedBy"
  | "startTime"
  | "endTime"
  | "noShowParty"
  | "lateParty"
  | "movePending"
  | "version"
>;

/** Rows of the consultations with these ids. Unknown ids have no row. */
export async function findSnapshots(tx: Transaction, ids: string[]): Promise<SnapshotRow[]> {
  const rows = await tx.read<SnapshotRow>(
    `SELECT id, booking_id AS bookingId, payment_id AS paymentId, status, transitioned_by AS transitionedBy,
       start_time AS startTime, end_time AS endTime, no_show_party AS noShowParty, late_party AS lateParty,
       move_pending AS movePending, version
     FROM consultations WHERE id IN (?)`,
    [ids.map(binaryId)],
  );
  return withBooleans(rows, CONSULTATION_FLAGS);
}
