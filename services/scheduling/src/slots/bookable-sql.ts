import type { Filter } from "@medconnect/platform/db/filters.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
import { covers, coversValues } from "../jurisdiction/covers.ts";

/**
 * SQL form of `isPractising` at the start of slot `s` of doctor `d`. A bare `s.start_time` lets InnoDB pass over the slots after
 * the last licensed day within the key.
 */
export const PRACTISES_AT_START =
  "NOT d.hidden AND s.start_time <= TIMESTAMP(d.licensed_until, '23:59:59.999')";
/** Condition that `statusAt` of slot `s` is OPEN. Takes `openValues`. */
export const IS_OPEN = `s.start_time > ? AND (s.status = 'OPEN' OR (s.status = 'HELD' AND s.hold_expire_time <= ?))`;
export const openValues = (now: Date): SqlValue[] => [now, now];
/**
 * SQL form of `whyNotBookable` for slot `s` of doctor `d`. Takes `openValues`. The class of the slot narrows the range of the
 * key `slots_by_offer`.
 */
export const IS_BOOKABLE = `s.offer = 'FREE' AND ${IS_OPEN} AND ${PRACTISES_AT_START}`;

/**
 * Condition that a verified licence at the start of slot `s` covers a region. The hint keeps MySQL from joining the licences
 * first: it would then read all later slots, and sort them, for each page.
 *
 * @param region as in `covers`
 */
export const licensedAtStart = (region: string): string =>
  `EXISTS (SELECT /*+ SUBQUERY(INTOEXISTS) */ 1 FROM licenses l WHERE l.doctor_id = s.doctor_id
    AND l.status = 'VERIFIED' AND l.expire_date >= DATE(s.start_time) AND ${covers(region)})`;
/** Takes `coversValues`. */
export const IS_LICENSED_AT_START = licensedAtStart("?");

/** `IS_BOOKABLE`, for patients of a region. Takes `openValues` and `coversValues`. */
export const IS_BOOKABLE_IN_REGION = `${IS_BOOKABLE} AND ${IS_LICENSED_AT_START}`;

/** Condition of slots bookable by patients of a region; undefined: of any region. */
export const bookableFilter = (now: Date, region: string | undefined): Filter =>
  region === undefined
    ? [IS_BOOKABLE, ...openValues(now)]
    : [IS_BOOKABLE_IN_REGION, ...openValues(now), ...coversValues(region)];
