import type { Database } from "@medconnect/platform/db/database.ts";

/** What is left to do with the money, and since when: of payments, or of refunds under way. */
export interface Backlog {
  what: "payment" | "refund";
  /** Stopped: the provider refused too often to give back what has to go back. */
  state: "waiting" | "stopped";
  count: number;
  /** null where there is none. */
  oldest: Date | null;
}

export async function countBacklog(db: Database): Promise<Backlog[]> {
  return await db.read<Backlog>(
    `SELECT 'payment' AS what, 'waiting' AS state, COUNT(*) AS count, MIN(due_since) AS oldest
     FROM payments WHERE process_time IS NOT NULL
     UNION ALL
     SELECT 'payment', 'stopped', COUNT(*), MIN(due_since) FROM payments
     WHERE due_since IS NOT NULL AND process_time IS NULL
       AND fee_decision = 'RELEASE' AND status IN ('CAPTURED', 'PARTIALLY_REFUNDED')
     UNION ALL
     SELECT 'refund', 'waiting', COUNT(*), MIN(create_time) FROM refunds WHERE process_time IS NOT NULL`,
  );
}
