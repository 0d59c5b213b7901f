import type { Database } from "@medconnect/platform/db/database.ts";

/**
 * SQL condition: a punctual patient still waits, although the consultation's time has ended. The parameter is
 * the current time.
 */
const IS_DOCTOR_NO_SHOW = "status = 'WAITING' AND late_party IS NULL AND end_time <= ?";

/** Ids of consultations whose punctual patient still waits after the end time, earliest end first. */
export async function findDoctorNoShows(db: Database, now: Date, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>(
    `SELECT id FROM consultations WHERE ${IS_DOCTOR_NO_SHOW} ORDER BY end_time LIMIT ?`,
    [now, limit],
  );
  return rows.map(({ id }) => id);
}

/** Ids of consultations in a status whose end time is at or before the given time, earliest end first. */
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
