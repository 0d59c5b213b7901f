import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { PaymentRow } from "./payment.ts";

/** Columns that reconciliation compares with the booking. */
export type SnapshotRow = Pick<
  PaymentRow,
  | "id"
  | "bookingId"
  | "consultationId"
  | "status"
  | "feeDecision"
  | "currency"
  | "amountMinor"
  | "authorizeTime"
  | "version"
>;

/** Reads the payments with these ids. Unknown ids are left out. */
export async function findSnapshots(tx: Transaction, ids: string[]): Promise<SnapshotRow[]> {
  return await tx.read(
    `SELECT id, booking_id AS bookingId, consultation_id AS consultationId, status,
       fee_decision AS feeDecision, currency, amount_minor AS amountMinor,
       authorize_time AS authorizeTime, version
     FROM payments WHERE id IN (?)`,
    [ids.map(binaryId)],
  );
}
