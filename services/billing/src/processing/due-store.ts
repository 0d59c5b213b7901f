import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { PaymentRow } from "../payments/payment.ts";
import { SELECT_PAYMENTS } from "../payments/payment-store.ts";
import type { RefundRow } from "../refunds/refund.ts";
import { SELECT_REFUNDS } from "../refunds/refund-store.ts";

/** Leases payments whose step at the provider is due. */
export const leaseDuePayments = (db: Database, now: Date): Promise<PaymentRow[]> =>
  leaseDue(db, "payments", SELECT_PAYMENTS, now);

/** Leases refunds that are due. */
export const leaseDueRefunds = (db: Database, now: Date): Promise<RefundRow[]> =>
  leaseDue(db, "refunds", SELECT_REFUNDS, now);

/**
 * Leases due rows, and skips rows that another process is leasing. A lease lasts 2, 4, 8 … 64 s, and is also
 * the backoff of retries. A call that takes longer than its lease may be repeated, because the provider is
 * idempotent.
 */
async function leaseDue<Row extends { id: string }>(
  db: Database,
  table: "payments" | "refunds",
  select: string,
  now: Date,
): Promise<Row[]> {
  return await db.transaction(async (tx) => {
    const due = await tx.read<Row>(
      `${select} WHERE process_time <= ? ORDER BY process_time LIMIT 20 FOR UPDATE SKIP LOCKED`,
      [now],
    );
    if (due.length === 0) return due;
    tx.defer(
      `UPDATE ${table} SET process_time = ? + INTERVAL 2 << LEAST(process_tries, 5) SECOND,
         process_tries = process_tries + 1 WHERE id IN (?)`,
      [now, due.map(({ id }) => binaryId(id))],
    );
    return due;
  });
}
