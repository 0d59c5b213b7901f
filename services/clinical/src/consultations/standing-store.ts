import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { ConsultationRow } from "./consultation-store.ts";

/** As much of a consultation as its booking can be compared with. */
export type StandingRow = Pick<
  ConsultationRow,
  | "id"
  | "booking_id"
  | "payment_id"
  | "status"
  | "moved_by"
  | "start_time"
  | "end_time"
  | "no_show_party"
  | "late_party"
  | "move_pending"
  | "version"
>;

/** Those of the consultations that exist. */
export async function findStandings(tx: Transaction, ids: string[]): Promise<StandingRow[]> {
  return await tx.read(
    `SELECT id, booking_id, payment_id, status, moved_by, start_time, end_time, no_show_party, late_party,
       move_pending, version
     FROM consultations WHERE id IN (?)`,
    [ids.map(binaryId)],
  );
}
