import type { Database } from "@medconnect/platform/db/database.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";
import type { Count } from "@medconnect/platform/stats/utc-days.ts";

const BY_ROLE = "SELECT role AS name, COUNT(*) AS count FROM users GROUP BY role";
const BY_DAY = `SELECT DATE_FORMAT(create_time, '%Y-%m-%d') AS name, COUNT(*) AS count FROM users
  WHERE create_time >= ? GROUP BY name`;

export async function countByRole(db: Database): Promise<Count<Role>[]> {
  return await db.scan(BY_ROLE);
}

/** Counts the new accounts of each day (UTC). */
export async function countByDay(db: Database, since: Date): Promise<Count[]> {
  return await db.scan(BY_DAY, [since]);
}
