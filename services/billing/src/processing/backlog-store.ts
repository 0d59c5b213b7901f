import type { Database } from "@medconnect/platform/db/database.ts";

/** Pending work at the payment provider, counted by kind and state. */
export interface Backlog {
  kind: "payment" | "refund";
  /** `stopped`: the provider refused the last retry of a refund, so an admin has to act. */
  state: "waiting" | "stopped";
  count: number;
  /** Start of the longest wait; null if the count is 0. */
  oldest: Date | null;
}

const COUNT = `
  SELECT 'payment' AS kind, 'waiting' AS state, COUNT(*) AS count, MIN(due_since) AS oldest
  FROM payments WHERE process_time IS NOT NULL
  UNION ALL
  SELECT 'payment', 'stopped', COUNT(*), MIN(due_since) FROM payments
  WHERE due_since IS NOT NULL AND process_time IS NULL
    AND fee_decision = 'RELEASE' AND status IN ('CAPTURED', 'PARTIALLY_REFUNDED')
  UNION ALL
  SELECT 'refund', 'waiting', COUNT(*), MIN(create_time) FROM refunds WHERE process_time IS NOT NULL`;

export const countBacklog = (db: Database): Promise<Backlog[]> => db.read<Backlog>(COUNT);
