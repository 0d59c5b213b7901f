import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { type CalendarDate, dateOf } from "@medconnect/platform/time/calendar-date.ts";
import type { FeeColumns } from "../money/fee.ts";
import { bookableValues, IS_BOOKABLE, IS_BOOKABLE_IN_REGION } from "../slots/bookable-sql.ts";

export interface ProfileRow extends FeeColumns {
  id: string;
  displayName: string;
  /** Beginning of the folded name. */
  nameKey: Buffer;
  specialty: string;
  bio: string;
  languages: string[];
  timeZone: string;
  hidden: number;
  licensedUntil: Date | null;
  /** Null if the doctor has none. */
  licenses: ProfileLicense[] | null;
  version: number;
  nextAvailableTime: Date | null;
  createTime: Date;
}

/** A licence that is pending or verified, as JSON in a doctor's row. */
export interface ProfileLicense {
  id: string;
  number: string;
  region: string;
  expireDate: CalendarDate;
  status: "PENDING" | "VERIFIED";
  decideTime: string | null;
  createTime: string;
}

const JSON_TIME = "'%Y-%m-%dT%H:%i:%s.%fZ'";
/**
 * Columns of a `ProfileRow`. Take the day, and the values of the condition of a bookable slot. The next slot is ordered by the whole
 * key: MySQL does not infer that slots read by an outer reference are sorted, and would sort all free slots of each doctor.
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

/** SQL of a `ProfileRow`; its next available time is for patients of the region, or of any region. */
export function profileColumns(now: Date, region?: string): { sql: string; params: SqlValue[] } {
  const sql = region === undefined ? COLUMNS : COLUMNS_IN_REGION;
  return { sql, params: [dateOf(now), ...bookableValues(now, region)] };
}

/** @param region as in `profileColumns` */
export async function findProfile(
  db: Database,
  id: string,
  now: Date,
  region?: string,
): Promise<ProfileRow | undefined> {
  const { sql, params } = profileColumns(now, region);
  const [row] = await db.read<ProfileRow>(`SELECT ${sql} FROM doctors d WHERE d.id = ?`, [
    ...params,
    binaryId(id),
  ]);
  return row;
}

/** Same as `findProfile`, and locks the profile until the transaction ends. */
export async function lockProfile(tx: Transaction, id: string, now: Date): Promise<ProfileRow | undefined> {
  const { sql, params } = profileColumns(now);
  const [row] = await tx.read<ProfileRow>(`SELECT ${sql} FROM doctors d WHERE d.id = ? FOR UPDATE OF d`, [
    ...params,
    binaryId(id),
  ]);
  return row;
}
