import type { SqlValue } from "@medconnect/platform/db/database.ts";
import type { Slot_Status } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { isPractising } from "../doctors/doctor-rules.ts";
import { statusAt } from "./slot-rules.ts";

/** Facts of a slot and of its doctor that decide whether it can be booked. */
export interface BookableFacts {
  status: Slot_Status;
  start_time: Date;
  hold_expire_time: Date | null;
  hidden: number;
  licensed_until: Date | null;
}

/**
 * Reason why a slot cannot be booked; undefined where it can. Lists, reads, searches and bookings all go by this rule:
 * here, or as `IS_BOOKABLE` where MySQL decides.
 */
export function whyNotBookable(slot: BookableFacts, now: Date): "NOT_FOUND" | "SLOT_UNAVAILABLE" | undefined {
  if (!isPractising(slot, slot.start_time)) return "NOT_FOUND";
  const status = statusAt({ status: slot.status, holdExpireTime: slot.hold_expire_time }, now);
  return status === "OPEN" && slot.start_time > now ? undefined : "SLOT_UNAVAILABLE";
}

/** Whether somebody may know of a slot: everybody where it can be booked, else its doctor. */
export const isVisibleTo = (
  slot: BookableFacts & { doctor_id: string },
  userId: string,
  now: Date,
): boolean => slot.doctor_id === userId || whyNotBookable(slot, now) === undefined;

/** `isPractising` at the start of slot `s` of doctor `d`. */
export const PRACTISES_AT_START = "NOT d.hidden AND d.licensed_until >= DATE(s.start_time)";
/** Whether nobody has slot `s`, and it has not begun. Takes `openValues`. */
export const IS_OPEN = `s.start_time > ? AND (s.status = 'OPEN' OR (s.status = 'HELD' AND s.hold_expire_time <= ?))`;
export const openValues = (now: Date): SqlValue[] => [now, now];
/** `whyNotBookable` over slot `s` of doctor `d`. Takes `openValues`. */
export const IS_BOOKABLE = `${IS_OPEN} AND ${PRACTISES_AT_START}`;
