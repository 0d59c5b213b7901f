import type { Filter } from "@medconnect/platform/db/filters.ts";
import type { SqlScalar } from "@medconnect/platform/db/sql-value.ts";
import { covers, coversValues } from "../jurisdiction/covers-sql.ts";

/**
 * SQL condition: doctor `d` practises at the start of slot `s`; the same rule as the function `isPractising`.
 * The condition compares the bare column `s.start_time`, so that InnoDB can skip slots after the last
 * licensed day within the index.
 */
const PRACTISES_AT_START = "NOT d.hidden AND s.start_time <= TIMESTAMP(d.licensed_until, '23:59:59.999')";
/** SQL condition: the hold of slot `s` has ended at a time, which opens the slot. The parameter is the time. */
export const HOLD_ENDED = "(s.status = 'HELD' AND s.on_release = 'OPEN' AND s.hold_expire_time <= ?)";
/**
 * SQL condition: the status of slot `s` at a time is OPEN; the same rule as the function `statusAt`. The
 * parameters are the time, twice.
 */
const IS_OPEN = `s.start_time > ? AND (s.status = 'OPEN' OR ${HOLD_ENDED})`;
/** SQL condition: the start of slot `s` keeps the notice that doctor `d` wants. The parameter is the time. */
const KEEPS_NOTICE = "s.start_time - INTERVAL d.minimum_notice SECOND > ?";

/**
 * SQL of the number of slots with a running hold or a booking in the period of slot `s`. The limits of
 * `start_time` only narrow the range of the index. The parameter is the time.
 */
const takenIn = (isSamePeriod: string, days: number, more: string): string =>
  `(SELECT COUNT(*) FROM slots x FORCE INDEX (slots_by_doctor) WHERE x.doctor_id = s.doctor_id
    AND x.start_time > s.start_time - INTERVAL ${days} DAY AND x.start_time < s.start_time + INTERVAL ${days} DAY
    AND ${isSamePeriod} AND (x.status = 'BOOKED' OR (x.status = 'HELD' AND x.hold_expire_time > ?))${more})`;

/**
 * SQL condition: doctor `d` wants no more bookings on the day, or in the week, of slot `s`. The parameters are
 * the time, then those of `more`, both twice.
 *
 * @param more further condition on the slots `x` that count
 */
export const isFull = (more = ""): string =>
  `((d.max_per_day > 0 AND ${takenIn("x.local_day = s.local_day", 2, more)} >= d.max_per_day)
    OR (d.max_per_week > 0
      AND ${takenIn("YEARWEEK(x.local_day, 3) = YEARWEEK(s.local_day, 3)", 9, more)} >= d.max_per_week))`;

/** The condition `isFull`. The parameters are the time, twice. */
export const IS_FULL = isFull();

/**
 * SQL condition: slot `s` of doctor `d` can be booked; the same rule as the function `whyNotBookable`. The
 * parameters are the time, five times. `list_class` narrows the range of the index `slots_by_class`.
 */
export const IS_BOOKABLE = `s.list_class = 'FREE' AND ${IS_OPEN} AND ${PRACTISES_AT_START} AND ${KEEPS_NOTICE}
  AND NOT ${IS_FULL}`;

/**
 * SQL condition: a licence that is valid at the start of slot `s` covers a region. Without the hint, MySQL
 * joins the licences first, and reads and sorts all later slots for each page.
 *
 * @param region SQL expression for the patient's region
 */
export const licensedAtStart = (region: string): string =>
  `EXISTS (SELECT /*+ SUBQUERY(INTOEXISTS) */ 1 FROM licenses l WHERE l.doctor_id = s.doctor_id
    AND l.status = 'VERIFIED' AND l.expire_date >= DATE(s.start_time) AND ${covers(region)})`;
/**
 * SQL condition: a licence that is valid at the start of slot `s` covers a region. `coversValues` returns the
 * parameters for the region.
 */
export const IS_LICENSED_AT_START = licensedAtStart("?");

/**
 * SQL condition: patients of a region can book slot `s`. The parameters are the time, five times, and then
 * those from `coversValues`.
 */
export const IS_BOOKABLE_IN_REGION = `${IS_BOOKABLE} AND ${IS_LICENSED_AT_START}`;

/**
 * Returns the parameters of `IS_BOOKABLE`. If a region is given, returns those of `IS_BOOKABLE_IN_REGION`.
 */
export function bookableValues(now: Date, region: string | undefined): SqlScalar[] {
  const times = [now, now, now, now, now];
  return region === undefined ? times : [...times, ...coversValues(region)];
}

/** Filter for slots that patients of `region` can book; undefined means patients of any region. */
export const bookableFilter = (now: Date, region: string | undefined): Filter => [
  region === undefined ? IS_BOOKABLE : IS_BOOKABLE_IN_REGION,
  ...bookableValues(now, region),
];
