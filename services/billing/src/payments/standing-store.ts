import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { PaymentRow } from "./payment-store.ts";

/** As much of a payment as its booking can be compared with. */
export type StandingRow = Pick<
  PaymentRow,
  | "id"
  | "booking_id"
  | "consultation_id"
  | "status"
  | "feeDecision"
  | "currency"
  | "amount_minor"
  | "authorize_time"
  | "version"
>;

/** Those of the payments that exist. */
export async function findStandings(tx: Transaction, ids: string[]): Promise<StandingRow[]> {
  return await tx.read(
    `SELECT id, booking_id, consultation_id, status, fee_decision AS feeDecision, currency, amount_minor, authorize_time, version
     FROM payments WHERE id IN (?)`,
    [ids.map(binaryId)],
  );
}
