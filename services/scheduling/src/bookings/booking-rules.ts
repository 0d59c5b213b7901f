import { isDeepStrictEqual } from "node:util";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { repeatDiffers } from "@medconnect/platform/errors/repeat-differs.ts";
import type { FeeDecision as AnyFeeDecision } from "@medconnect/proto/medconnect/common/v1/fee_decision.ts";
import type {
  Booking_Party,
  Booking_Status,
  BookingClose_Outcome,
} from "@medconnect/proto/medconnect/scheduling/v1/booking_service.ts";

/** Allowed transitions between statuses of a booking. Only a late payment turns EXPIRED into CONFIRMED. */
const TRANSITIONS: Record<Booking_Status, readonly Booking_Status[]> = {
  STATUS_UNSPECIFIED: [],
  PENDING_PAYMENT: ["CONFIRMED", "EXPIRED", "CANCELLED"],
  CONFIRMED: ["CANCELLED", "COMPLETED", "NO_SHOW"],
  EXPIRED: ["CONFIRMED"],
  CANCELLED: [],
  COMPLETED: [],
  NO_SHOW: [],
};

export const canBecome = (current: Booking_Status, next: Booking_Status): boolean =>
  TRANSITIONS[current].includes(next);

/**
 * True if, in this status, an authorized payment needs a decision: either the booking is confirmed, or the
 * payment is refused.
 */
export const awaitsPayment = (status: Booking_Status): boolean =>
  status === "PENDING_PAYMENT" || status === "EXPIRED" || status === "CANCELLED";

export interface BookingFacts {
  status: Booking_Status;
  holdExpireTime: Date | null;
  startTime: Date;
  endTime: Date;
  /** True once scheduling knows that the consultation has started. */
  started: boolean;
  cancelledBy: Booking_Party | null;
  moved: boolean;
  /** True if the booking was moved, and the patient has not accepted the new time yet. */
  movePending: boolean;
}

/**
 * Returns the status of a booking at a time. An unpaid hold counts as EXPIRED once its time is over, even
 * before the sweep stores that status.
 */
export function statusAt(
  { status, holdExpireTime }: Pick<BookingFacts, "status" | "holdExpireTime">,
  now: Date,
) {
  const holdEnded = status === "PENDING_PAYMENT" && holdExpireTime !== null && holdExpireTime <= now;
  return holdEnded ? "EXPIRED" : status;
}

/**
 * Checks that a booking can be moved to another slot. A patient who has accepted the start cannot move the
 * booking in the last `cutoffMs` before the start. Throws ILLEGAL_TRANSITION, BOOKING_STARTED,
 * RESCHEDULE_TOO_LATE.
 */
export function assertReschedulable(
  booking: BookingFacts,
  by: Booking_Party,
  now: Date,
  cutoffMs: number,
): void {
  const current = statusAt(booking, now);
  if (current !== "CONFIRMED") {
    // Only a payment confirms a booking, so the error does not list CONFIRMED as allowed.
    const allowed = TRANSITIONS[current].filter((next) => next !== "CONFIRMED").join(",");
    throw new ApiError("ILLEGAL_TRANSITION", { metadata: { current, requested: "CONFIRMED", allowed } });
  }
  if (hasStarted(booking, by, now)) throw new ApiError("BOOKING_STARTED");
  if (by === "PATIENT" && isAfterCutoff(booking, now, cutoffMs)) throw new ApiError("RESCHEDULE_TOO_LATE");
}

/**
 * Returns true if the patient accepts a move now, and false if the patient accepted it earlier. The times
 * that the patient saw, `seen`, must be the booking's current times. A start in the past cannot be accepted,
 * because the patient would be a no-show at once. Throws ILLEGAL_TRANSITION, BOOKING_STARTED, TIME_DIFFERS.
 */
export function acceptsMove(
  { status, moved, movePending, started, startTime, endTime }: BookingFacts,
  seen: Pick<BookingFacts, "startTime" | "endTime">,
  now: Date,
): boolean {
  if (!moved || (movePending && status !== "CONFIRMED")) {
    const allowed = TRANSITIONS[status].join(",");
    throw new ApiError("ILLEGAL_TRANSITION", {
      detail: "There is no move to accept.",
      metadata: { current: status, requested: "MOVE_ACCEPTED", allowed },
    });
  }
  if (movePending && (started || startTime <= now)) throw new ApiError("BOOKING_STARTED");
  if (startTime.getTime() !== seen.startTime.getTime() || endTime.getTime() !== seen.endTime.getTime()) {
    const metadata = { startTime: startTime.toISOString(), endTime: endTime.toISOString() };
    throw new ApiError("TIME_DIFFERS", { metadata });
  }
  return movePending;
}

/**
 * True if the start time has passed or the consultation has started. The start time does not count for a
 * patient who has not accepted the last move.
 */
const hasStarted = (
  { started, startTime, movePending }: BookingFacts,
  by: Booking_Party,
  now: Date,
): boolean => started || (startTime <= now && !(by === "PATIENT" && movePending));

/**
 * Last moment at which a patient who has accepted the start can move the booking, or cancel it free of
 * charge.
 */
export const cutoffOf = ({ startTime }: Pick<BookingFacts, "startTime">, cutoffMs: number): Date =>
  new Date(startTime.getTime() - cutoffMs);

const isAfterCutoff = (booking: BookingFacts, now: Date, cutoffMs: number): boolean =>
  !booking.movePending && now > cutoffOf(booking, cutoffMs);

/** Outcome with which an admin closes a booking. */
export type CloseOutcome = Exclude<BookingClose_Outcome, "OUTCOME_UNSPECIFIED">;

/** Values of the `close…` properties of a booking that no admin has closed. */
export const NOT_CLOSED = {
  closeOutcome: null,
  closeTime: null,
  closedBy: null,
  closeReason: null,
} as const;

/** Status that a booking gets when an admin closes it with an outcome. */
export const CLOSED: Readonly<Record<CloseOutcome, Booking_Status>> = {
  COMPLETED: "COMPLETED",
  NO_SHOW_PATIENT: "NO_SHOW",
  NO_SHOW_DOCTOR: "NO_SHOW",
  NO_SHOW_BOTH: "NO_SHOW",
};

/** An admin's closing of a booking, either requested or already stored. */
export interface Closing {
  outcome: CloseOutcome;
  feeDecision: FeeDecision;
  reason: string;
  adminId: string;
}

export interface ClosingFacts extends Pick<BookingFacts, "status" | "holdExpireTime" | "movePending"> {
  endTime: Date;
  /** Stored closing; undefined if no admin has closed the booking. */
  closing: Closing | undefined;
}

/**
 * Returns true if the request closes the booking, and false if it only repeats the stored closing. A booking
 * can be closed only while it is CONFIRMED, and only after its end. If the patient has not accepted the last
 * move, the booking cannot be closed as the patient's no-show, or with a charge. Throws BOOKING_CLOSED,
 * ILLEGAL_TRANSITION, TOO_EARLY, MOVE_NOT_ACCEPTED.
 */
export function closesNow(booking: ClosingFacts, asked: Closing, now: Date): boolean {
  const { closing, endTime, movePending } = booking;
  if (closing) {
    assertSameClosing(closing, asked);
    return false;
  }
  const { outcome, feeDecision } = asked;
  const current = statusAt(booking, now);
  if (current !== "CONFIRMED") {
    const allowed = TRANSITIONS[current].filter((next) => next !== "CONFIRMED").join(",");
    throw new ApiError("ILLEGAL_TRANSITION", { metadata: { current, requested: CLOSED[outcome], allowed } });
  }
  if (now < endTime) throw new ApiError("TOO_EARLY", { metadata: { possibleFrom: endTime.toISOString() } });
  const isAgainstPatient = outcome === "NO_SHOW_PATIENT" || feeDecision === "CHARGE";
  if (movePending && isAgainstPatient) throw new ApiError("MOVE_NOT_ACCEPTED");
  return true;
}

/** Checks that a repeated call asks for the same closing. Throws BOOKING_CLOSED. */
function assertSameClosing(closing: Closing, asked: Closing): void {
  if (isDeepStrictEqual(closing, asked)) return;
  const { outcome, feeDecision } = closing;
  throw new ApiError("BOOKING_CLOSED", { metadata: { outcome, feeDecision } });
}

/** Decision about the fee of an ended booking: CHARGE or RELEASE. */
export type FeeDecision = Exclude<AnyFeeDecision, "FEE_DECISION_UNSPECIFIED">;

/**
 * Decides whether a cancellation charges or releases the fee. Returns undefined if the same party has already
 * cancelled the booking. A patient is charged for cancelling a confirmed booking in the last `cutoffMs`
 * before a start that they have accepted. Every other cancellation releases the fee. Throws
 * ILLEGAL_TRANSITION, BOOKING_STARTED.
 */
export function decideCancel(
  booking: BookingFacts,
  by: Booking_Party,
  now: Date,
  cutoffMs: number,
): FeeDecision | undefined {
  const current = statusAt(booking, now);
  if (current === "CANCELLED") {
    if (booking.cancelledBy === by) return undefined;
    throw repeatDiffers(current);
  }
  if (!canBecome(current, "CANCELLED")) {
    throw new ApiError("ILLEGAL_TRANSITION", {
      metadata: { current, requested: "CANCELLED", allowed: TRANSITIONS[current].join(",") },
    });
  }
  if (hasStarted(booking, by, now)) throw new ApiError("BOOKING_STARTED");
  const isCharged = by === "PATIENT" && current === "CONFIRMED" && isAfterCutoff(booking, now, cutoffMs);
  return isCharged ? "CHARGE" : "RELEASE";
}

/** Checks that a repeated cancellation has the same reason. Throws ILLEGAL_TRANSITION. */
export function assertSameReason(recorded: string, requested: string): void {
  if (recorded !== requested) throw repeatDiffers("CANCELLED");
}
