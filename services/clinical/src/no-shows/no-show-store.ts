import type { Database } from "@medconnect/platform/db/database.ts";

/**
 * Condition of consultations whose punctual patient still waits. Takes the time by which they must have
 * ended.
 */
const IS_DOCTOR_NO_SHOW = "status = 'WAITING' AND late_party IS NULL AND end_time <= ?";

/** Consultations that ended with a punctual patient still waiting, earliest end first. */
export async function findDoctorNoShows(db: Database, now: Date, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    `SELECT id FROM consultations WHERE ${IS_DOCTOR_NO_SHOW} ORDER BY end_time LIMIT ?`,
    [now, limit],
  );
  return rows.map(({ id }) => id);
}

/** Consultations of a status that end at or before a time, earliest end first. */
export async function findUnattended(
  db: Database,
  status: "SCHEDULED" | "WAITING",
  before: Date,
  limit: number,
): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    "SELECT id FROM consultations WHERE status = ? AND end_time <= ? ORDER BY end_time LIMIT ?",
    [status, before, limit],
  );
  return rows.map(({ id }) => id);
}

/** Number of consultations that `findDoctorNoShows` finds. */
export async function countDoctorNoShows(db: Database, now: Date): Promise<number> {
  const rows = await db.read<{ count: number }>(
    `SELECT COUNT(*) AS count FROM consultations WHERE ${IS_DOCTOR_NO_SHOW}`,
    [now],
  );
  return Number(rows[0]?.count);
}
