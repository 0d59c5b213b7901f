import type { Database } from "@medconnect/platform/db/database.ts";
import type { Count } from "@medconnect/platform/stats/utc-days.ts";
import type { Booking_Status } from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";

export async function countByStatus(db: Database): Promise<Count<Booking_Status>[]> {
  return await db.scan("SELECT status AS name, COUNT(*) AS count FROM bookings GROUP BY status");
}

/** Counts created bookings by UTC day. */
export async function countByDay(db: Database, since: Date): Promise<Count[]> {
  return await db.scan(
    `SELECT DATE_FORMAT(create_time, '%Y-%m-%d') AS name, COUNT(*) AS count
     FROM bookings WHERE create_time >= ? GROUP BY name`,
    [since],
  );
}
