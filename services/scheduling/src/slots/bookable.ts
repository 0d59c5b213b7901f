import type { Filter } from "@medconnect/platform/db/filters.ts";
import type { SqlValue } from "@medconnect/platform/db/sql-value.ts";
import { isPractising } from "../doctors/doctor-rules.ts";
import { covers, coversValues } from "../licenses/covers.ts";
import { type StatusFacts, statusAt } from "./slot-rules.ts";

/** Facts of a slot and of its doctor that decide whether it can be booked. */
export interface BookableFacts extends StatusFacts {
  hidden: number;
  licensed_until: Date | null;
  /** True if a verified licence at the start covers the requested region; absent without one. */
  licensed_in_region?: number;
}

export type Refusal = "NOT_FOUND" | "NOT_LICENSED_IN_REGION" | "SLOT_UNAVAILABLE";

/**
 * Reason why a slot cannot be booked, or undefined. Lists, reads, searches and bookings all use this rule: here, or as
 * `IS_BOOKABLE` in MySQL.
 */
export function whyNotBookable(slot: BookableFacts, now: Date): Refusal | undefined {
  if (!isPractising(slot, slot.start_time)) return "NOT_FOUND";
  if (slot.licensed_in_region === 0) return "NOT_LICENSED_IN_REGION";
  return statusAt(slot, now) === "OPEN" ? undefined : "SLOT_UNAVAILABLE";
}

/** Whether a booking's hold of its slot lasts, and its doctor still practises then. */
export const holdsSlot = (
  bookingId: string,
  slot: BookableFacts & { booking_id: string | null },
  now: Date,
): boolean =>
  slot.booking_id === bookingId &&
  slot.status === "HELD" &&
  slot.hold_expire_time !== null &&
  slot.hold_expire_time > now &&
  isPractising(slot, slot.start_time);

/** Everybody sees bookable slots; only their doctor sees the others. */
export const isVisibleTo = (
  slot: BookableFacts & { doctor_id: string },
  userId: string,
  now: Date,
): boolean => slot.doctor_id === userId || whyNotBookable(slot, now) === undefined;

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
