import type { Database } from "@medconnect/platform/db/database.ts";

/** What is left to do with the money, and since when: of payments, or of refunds under way. */
export interface Backlog {
  what: "payment" | "refund";
  count: number;
  /** null where there is none. */
  oldest: Date | null;
}

export async function countBacklog(db: Database): Promise<Backlog[]> {
  return await db.read<Backlog>(
    `SELECT 'payment' AS what, COUNT(*) AS count, MIN(due_since) AS oldest FROM payments WHERE settle_time IS NOT NULL
     UNION ALL
     SELECT 'refund', COUNT(*), MIN(create_time) FROM refunds WHERE settle_time IS NOT NULL`,
  );
}
