import type { SqlValue } from "@medconnect/platform/db/database.ts";
import type { Filter } from "@medconnect/platform/db/filters.ts";
import type { Slot_Status } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { isPractising } from "../doctors/doctor-rules.ts";
import { covers, coversValues } from "../licenses/covers.ts";
import { statusAt } from "./slot-rules.ts";

/** Facts of a slot and of its doctor that decide whether it can be booked. */
export interface BookableFacts {
  status: Slot_Status;
  start_time: Date;
  hold_expire_time: Date | null;
  hidden: number;
  licensed_until: Date | null;
  /** Whether a verified licence at the start is for the region that was asked for; absent where none was. */
  licensed_in_region?: number;
}

export type Refusal = "NOT_FOUND" | "NOT_LICENSED_IN_REGION" | "SLOT_UNAVAILABLE";

/**
 * Reason why a slot cannot be booked; undefined where it can. Lists, reads, searches and bookings all go by this rule:
 * here, or as `IS_BOOKABLE` where MySQL decides.
 */
export function whyNotBookable(slot: BookableFacts, now: Date): Refusal | undefined {
  if (!isPractising(slot, slot.start_time)) return "NOT_FOUND";
  if (slot.licensed_in_region === 0) return "NOT_LICENSED_IN_REGION";
  const status = statusAt({ status: slot.status, holdExpireTime: slot.hold_expire_time }, now);
  return status === "OPEN" && slot.start_time > now ? undefined : "SLOT_UNAVAILABLE";
}

/** Slots that can be booked are everybody's to see, all others their doctor's. */
export const isVisibleTo = (
  slot: BookableFacts & { doctor_id: string },
  userId: string,
  now: Date,
): boolean => slot.doctor_id === userId || whyNotBookable(slot, now) === undefined;

/** `isPractising` at the start of slot `s` of doctor `d`. */
export const PRACTISES_AT_START = "NOT d.hidden AND d.licensed_until >= DATE(s.start_time)";
/** Slot `s` is free and has not begun. Takes `openValues`. */
export const IS_OPEN = `s.start_time > ? AND (s.status = 'OPEN' OR (s.status = 'HELD' AND s.hold_expire_time <= ?))`;
export const openValues = (now: Date): SqlValue[] => [now, now];
/** `whyNotBookable` over slot `s` of doctor `d`. Takes `openValues`. */
export const IS_BOOKABLE = `${IS_OPEN} AND ${PRACTISES_AT_START}`;

/** A verified licence at the start of slot `s` covers a region. @param region as of `covers` */
export const licensedAtStart = (region: string): string =>
  `EXISTS (SELECT 1 FROM licenses l WHERE l.doctor_id = s.doctor_id AND l.status = 'VERIFIED'
    AND l.expire_date >= DATE(s.start_time) AND ${covers(region)})`;
/** Takes `coversValues`. */
export const IS_LICENSED_AT_START = licensedAtStart("?");

/** `IS_BOOKABLE`, for patients of a region. Takes `openValues` and `coversValues`. */
export const IS_BOOKABLE_IN_REGION = `${IS_BOOKABLE} AND ${IS_LICENSED_AT_START}`;

/** Slots that can be booked by patients of a region; of any, if undefined. */
export const bookableFilter = (now: Date, region: string | undefined): Filter =>
  region === undefined
    ? [IS_BOOKABLE, ...openValues(now)]
    : [IS_BOOKABLE_IN_REGION, ...openValues(now), ...coversValues(region)];
