import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { FieldViolation } from "@medconnect/platform/errors/limit-violations.ts";
import type { Slot_Status } from "@medconnect/proto/medconnect/scheduling/v1/slot_service.ts";
import { isPractising } from "../doctors/doctor-rules.ts";

const MINUTE_MS = 60_000;
export const MIN_LENGTH_MS = 5 * MINUTE_MS;
export const MAX_LENGTH_MS = 12 * 60 * MINUTE_MS;
/** Maximum time from now to the start of a new slot. */
const HORIZON_MS = 2 * 366 * 24 * 60 * MINUTE_MS;

/**
 * Maximum time between the first and the last start in a batch of new slots. There is a limit, because the
 * check for overlaps reads all of the doctor's slots from the first start to the last.
 */
const BATCH_SPAN_MS = 31 * 24 * 60 * MINUTE_MS;

export interface Interval {
  startTime: Date;
  endTime: Date;
}

/** Violations of a new slot's times. @param path of the slot in the request */
export function slotViolations({ startTime, endTime }: Interval, now: Date, path: string): FieldViolation[] {
  const lengthMs = endTime.getTime() - startTime.getTime();
  const aheadMs = startTime.getTime() - now.getTime();
  const violations: FieldViolation[] = [];
  if (aheadMs <= 0) violations.push({ field: `${path}start_time`, description: "must lie in the future" });
  if (aheadMs > HORIZON_MS)
    violations.push({ field: `${path}start_time`, description: "must lie within two years" });
  if (lengthMs < MIN_LENGTH_MS || lengthMs > MAX_LENGTH_MS) {
    violations.push({
      field: `${path}end_time`,
      description: "must be 5 minutes to 12 hours after the start",
    });
  }
  return violations;
}

/** Violations of the rules for the times of a batch of new slots. */
export function batchViolations(intervals: Interval[], now: Date): FieldViolation[] {
  const earliestMs = Math.min(...intervals.map(({ startTime }) => startTime.getTime()));
  return intervals.flatMap((interval, i) => {
    const violations = slotViolations(interval, now, `slots[${i}].`);
    if (interval.startTime.getTime() - earliestMs <= BATCH_SPAN_MS) return violations;
    const description = "must be at most 31 days after the earliest start of the batch";
    return [...violations, { field: `slots[${i}].start_time`, description }];
  });
}

/** First interval that starts before the end of another. Adjacent intervals do not overlap. */
export function findOverlap(intervals: Interval[]): Interval | undefined {
  const sorted = intervals.toSorted((a, b) => a.startTime.getTime() - b.startTime.getTime());
  return sorted.find((interval, i) => {
    const previous = sorted[i - 1];
    return previous && interval.startTime < previous.endTime;
  });
}

/** Facts that decide the status of a slot. */
export interface StatusFacts {
  status: Slot_Status;
  startTime: Date;
  holdExpireTime: Date | null;
  /** Status after the slot's booking. A slot that the schedule no longer has does not open again. */
  onRelease: "OPEN" | "WITHDRAWN";
}

/**
 * Status of a slot at a time. After the end of its hold, a slot is OPEN, even before the sweep stores that,
 * unless it will be withdrawn. An open slot expires at its start.
 */
export function statusAt(
  { status, startTime, holdExpireTime, onRelease }: StatusFacts,
  now: Date,
): Slot_Status {
  const holdEnded =
    status === "HELD" && onRelease === "OPEN" && holdExpireTime !== null && holdExpireTime <= now;
  if (status !== "OPEN" && !holdEnded) return status;
  return startTime > now ? "OPEN" : "EXPIRED";
}

/** A slot that a doctor has in the time for which slots of the schedule are planned. */
export interface PresentSlot extends Interval, Pick<StatusFacts, "status" | "onRelease"> {
  id: string;
  /** Booking that holds or booked the slot. */
  bookingId: string | null;
  /** True if the schedule made the slot, and has not removed it since. */
  fromSchedule: boolean;
}

/** Facts of a slot and of its doctor that decide whether it can be booked. */
export interface BookableFacts extends StatusFacts {
  hidden: boolean;
  licensedUntil: Date | null;
  /**
   * True if a licence that is valid at the start covers the patient's region; undefined if the region does
   * not matter.
   */
  licensedInRegion?: boolean | undefined;
  /** Time between a booking and the start at least, in seconds. */
  minimumNotice: number;
  /** True if the doctor wants no more bookings on the day or in the week; undefined if that does not matter. */
  isFull?: boolean | undefined;
}

export type Refusal =
  | "NOT_FOUND"
  | "NOT_LICENSED_IN_REGION"
  | "SLOT_UNAVAILABLE"
  | "NOTICE_TOO_SHORT"
  | "DOCTOR_FULLY_BOOKED";

/**
 * Reason to refuse a slot; undefined if it can be booked. Lists and searches use the same rule in SQL,
 * `IS_BOOKABLE`.
 */
export function whyNotBookable(slot: BookableFacts, now: Date): Refusal | undefined {
  if (!isPractising(slot, slot.startTime)) return "NOT_FOUND";
  if (slot.licensedInRegion === false) return "NOT_LICENSED_IN_REGION";
  if (statusAt(slot, now) !== "OPEN") return "SLOT_UNAVAILABLE";
  if (slot.startTime.getTime() - slot.minimumNotice * 1000 <= now.getTime()) return "NOTICE_TOO_SHORT";
  return slot.isFull ? "DOCTOR_FULLY_BOOKED" : undefined;
}

/** True while a booking's hold of its slot lasts and its doctor practises at the start. */
export const holdsSlot = (
  bookingId: string,
  slot: BookableFacts & { bookingId: string | null },
  now: Date,
): boolean =>
  slot.bookingId === bookingId &&
  slot.status === "HELD" &&
  slot.holdExpireTime !== null &&
  slot.holdExpireTime > now &&
  isPractising(slot, slot.startTime);

/** True for every bookable slot, and for a doctor's own slots. */
export const isSlotVisibleTo = (
  slot: BookableFacts & { doctorId: string },
  userId: string,
  now: Date,
): boolean => slot.doctorId === userId || whyNotBookable(slot, now) === undefined;

const TRANSITIONS = {
  block: { from: ["OPEN"], to: "BLOCKED" },
  unblock: { from: ["BLOCKED"], to: "OPEN" },
  withdraw: { from: ["OPEN", "EXPIRED"], to: "WITHDRAWN" },
} as const satisfies Record<string, { from: Slot_Status[]; to: Slot_Status }>;

export type SlotTransition = keyof typeof TRANSITIONS;

/**
 * Status of a slot after its doctor's command; undefined if the slot has that status already. Throws
 * SLOT_HAS_BOOKING, ILLEGAL_TRANSITION.
 */
export function decideTransition(current: Slot_Status, transition: SlotTransition): Slot_Status | undefined {
  const { from, to } = TRANSITIONS[transition];
  const leads = (sources: readonly Slot_Status[]) => sources.includes(current);
  if (current === to) return undefined;
  if (leads(from)) return to;
  if (current === "HELD" || current === "BOOKED") throw new ApiError("SLOT_HAS_BOOKING");
  const allowed = Object.values(TRANSITIONS).flatMap((rule) => (leads(rule.from) ? [rule.to] : []));
  throw new ApiError("ILLEGAL_TRANSITION", {
    metadata: { current, requested: to, allowed: allowed.join(",") },
  });
}
