import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import { withBooleans } from "@medconnect/platform/db/booleans.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { dateOf } from "@medconnect/platform/time/calendar-date.ts";
import { bookableValues, IS_BOOKABLE, IS_BOOKABLE_IN_REGION } from "../slots/bookable-sql.ts";
import type { ProfileRow } from "./profile.ts";

const JSON_TIME = "'%Y-%m-%dT%H:%i:%s.%fZ'";
/**
 * SQL of the columns of a `ProfileRow`. The parameters are the day, then those from `bookableValues`. The
 * subquery for the next slot sorts by all columns of the index `slots_by_class`. If it sorted by `start_time`
 * alone, MySQL would sort all free slots of each doctor, because the doctor's id comes from the outer
 * statement.
 */
const columnsWith = (
  isBookable: string,
): string => `d.id, d.display_name AS displayName, d.name_key AS nameKey, d.specialty, d.bio, d.languages,
  d.time_zone AS timeZone, d.fee_currency AS feeCurrency, d.fee_minor AS feeMinor, d.hidden,
  d.licensed_until AS licensedUntil, d.version, d.create_time AS createTime,
  (SELECT JSON_ARRAYAGG(JSON_OBJECT('id', BIN_TO_UUID(l.id), 'number', l.number, 'region', l.region, 'expireDate', l.expire_date,
      'status', l.status, 'decideTime', DATE_FORMAT(l.decide_time, ${JSON_TIME}),
      'createTime', DATE_FORMAT(l.create_time, ${JSON_TIME})))
    FROM licenses l WHERE l.doctor_id = d.id AND l.status IN ('PENDING', 'VERIFIED') AND l.expire_date >= ?) AS licenses,
  (SELECT s.start_time FROM slots s WHERE s.doctor_id = d.id AND ${isBookable}
    ORDER BY s.doctor_id, s.list_class, s.start_time LIMIT 1) AS nextAvailableTime`;

const COLUMNS = columnsWith(IS_BOOKABLE);
const COLUMNS_IN_REGION = columnsWith(IS_BOOKABLE_IN_REGION);

/**
 * Returns the SQL and the parameters for the columns of a `ProfileRow`.
 *
 * @param region region of the patients who can book the next available time; absent means any region
 */
export function profileColumns(now: Date, region?: string): { sql: string; params: SqlScalar[] } {
  const sql = region === undefined ? COLUMNS : COLUMNS_IN_REGION;
  return { sql, params: [dateOf(now), ...bookableValues(now, region)] };
}

/** @param region region of the patients who can book the next available time; absent means any region */
export async function findProfile(
  db: Database,
  id: string,
  now: Date,
  region?: string,
): Promise<ProfileRow | undefined> {
  const { sql, params } = profileColumns(now, region);
  const rows = await db.read<ProfileRow>(`SELECT ${sql} FROM doctors d WHERE d.id = ?`, [
    ...params,
    binaryId(id),
  ]);
  return withBooleans(rows, ["hidden"])[0];
}

/** Locks a profile until the transaction ends, and reads it for its doctor. Throws NOT_FOUND. */
export async function lockOwnProfile(tx: Transaction, id: string, now: Date): Promise<ProfileRow> {
  const { sql, params } = profileColumns(now);
  const rows = await tx.read<ProfileRow>(`SELECT ${sql} FROM doctors d WHERE d.id = ? FOR UPDATE OF d`, [
    ...params,
    binaryId(id),
  ]);
  const [row] = withBooleans(rows, ["hidden"]);
  if (!row) throw new ApiError("NOT_FOUND");
  return row;
}
