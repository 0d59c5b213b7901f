import type { Database } from "@medconnect/platform/db/database.ts";

/** Consultations that ended by a time with a punctual patient still waiting. */
const WAITED_IN_VAIN = "status = 'WAITING' AND late_party IS NULL AND end_time <= ?";

export async function findWaitedInVain(db: Database, by: Date, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    `SELECT id FROM consultations WHERE ${WAITED_IN_VAIN} ORDER BY end_time LIMIT ?`,
    [by, limit],
  );
  return rows.map((row) => row.id);
}

/** Consultations of a status whose end is at or before a time. */
export async function findEnded(
  db: Database,
  status: "SCHEDULED" | "WAITING",
  by: Date,
  limit: number,
): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    "SELECT id FROM consultations WHERE status = ? AND end_time <= ? ORDER BY end_time LIMIT ?",
    [status, by, limit],
  );
  return rows.map((row) => row.id);
}

export async function countWaitingInVain(db: Database, now: Date): Promise<number> {
  const [row] = await db.read<{ count: number }>(
    `SELECT COUNT(*) AS count FROM consultations WHERE ${WAITED_IN_VAIN}`,
    [now],
  );
  return Number(row!.count);
}
