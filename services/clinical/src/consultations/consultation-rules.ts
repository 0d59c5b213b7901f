import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { repeatDiffers } from "@medconnect/platform/errors/repeat-differs.ts";
import type {
  Consultation_Party,
  Consultation_Status,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { assertLicensed } from "../doctors/licensing-rules.ts";

/** Statuses that can follow each status of a consultation. */
const NEXT_STATUSES: Record<Consultation_Status, readonly Consultation_Status[]> = {
  STATUS_UNSPECIFIED: [],
  SCHEDULED: ["WAITING", "CANCELLED", "NO_SHOW"],
  WAITING: ["IN_PROGRESS", "CANCELLED", "NO_SHOW"],
  IN_PROGRESS: ["COMPLETED", "ABANDONED"],
  COMPLETED: [],
  CANCELLED: [],
  NO_SHOW: [],
  ABANDONED: [],
};

/**
 * Time after the start within which a doctor can call `:ready`, in ms. A later call would not prove that the
 * doctor waited for the patient.
 */
export const READY_GRACE_MS = 5 * 60_000;

/**
 * Actor of a transition. SERVICE: the sweep that records no-shows, or an event that the booking was
 * confirmed, moved or cancelled. ADMIN: an event that an admin closed the booking.
 */
export type Actor = "PATIENT" | "DOCTOR" | "SERVICE" | "ADMIN";

export type Party = Exclude<Consultation_Party, "PARTY_UNSPECIFIED">;

export interface ConsultationFacts {
  status: Consultation_Status;
  /** Actor of the last transition. */
  transitionedBy: Actor;
  startTime: Date;
  endTime: Date;
  notes: string;
  /** The doctor's reason for abandoning the consultation; empty if it was not abandoned. */
  abandonReason: string;
  noShowParty: Party | null;
  /** Time at which the doctor became ready; null before. */
  doctorReadyTime: Date | null;
  /** Time at which the patient joined the waiting room; null before. */
  joinTime: Date | null;
  /**
   * The party (patient or doctor) that came only after the other had waited the full waiting time; null if
   * none.
   */
  lateParty: Party | null;
  /** True while the patient has not accepted the reschedule to `startTime`. */
  movePending: boolean;
  /** Last day of the doctor's verified licences; null without a verified licence. */
  licensedUntil: Date | null;
}

/** A change to another status, with the facts that it records. */
export type Transition = { by: Actor } & (
  | { to: "WAITING" | "IN_PROGRESS" | "CANCELLED" }
  | { to: "COMPLETED"; notes?: string }
  | { to: "NO_SHOW"; party: Party }
  | { to: "ABANDONED"; reason?: string }
);

export interface Times {
  /** Time before the start from which patient and doctor may join, in ms. */
  readonly earlyStartMs: number;
  /**
   * Time in ms that one party must wait before the other party is a no-show. If the appointment is not longer
   * than this time, half of the appointment's length applies instead.
   */
  readonly noShowAfterMs: number;
}

/**
 * True if the transition that a patient or doctor requests can be made now; false if the request repeats the
 * last transition. Throws NOTES_LOCKED, ILLEGAL_TRANSITION, LICENSE_NOT_VERIFIED, TOO_EARLY, TOO_LATE,
 * PATIENT_NOT_JOINED, DOCTOR_NOT_READY, MOVE_NOT_ACCEPTED.
 */
export function transitionsNow(
  consultation: ConsultationFacts,
  transition: Transition,
  now: Date,
  times: Times,
): boolean {
  if (isRepeat(consultation, transition)) return false;
  const { status } = consultation;
  if (transition.to === "COMPLETED" && status === "COMPLETED") throw new ApiError("NOTES_LOCKED");
  // If the doctor starts a SCHEDULED consultation, the error must be PATIENT_NOT_JOINED instead of
  // ILLEGAL_TRANSITION, because the start succeeds once the patient has joined.
  const lacksPatient = transition.to === "IN_PROGRESS" && status === "SCHEDULED";
  assertReachable(lacksPatient ? { ...consultation, status: "WAITING" } : consultation, transition, now);
  if (transition.to === "IN_PROGRESS") assertLicensed(consultation.licensedUntil, now);
  // The patient is charged for their no-show, so the doctor must have been licensed to start at `startTime`.
  if (isPatientNoShow(transition)) assertLicensed(consultation.licensedUntil, consultation.startTime);
  assertNotBefore(possibleFrom(consultation, transition, times), now);
  if (lacksPatient) throw new ApiError("PATIENT_NOT_JOINED");
  if (isPatientNoShow(transition)) assertMissed(consultation, now);
  return true;
}

/**
 * True if the doctor becomes ready now; false if the doctor is ready already. A doctor cannot become ready
 * later than `READY_GRACE_MS` after the start. Throws ILLEGAL_TRANSITION, LICENSE_NOT_VERIFIED, TOO_EARLY,
 * TOO_LATE.
 */
export function becomesReady(consultation: ConsultationFacts, now: Date, { earlyStartMs }: Times): boolean {
  const { status, startTime, endTime, doctorReadyTime, licensedUntil } = consultation;
  if (doctorReadyTime) return false;
  if (status !== "SCHEDULED" && status !== "WAITING") {
    throw new ApiError("ILLEGAL_TRANSITION", {
      detail: `The status ${status} does not allow the doctor to become ready.`,
      metadata: { current: status, requested: "READY", allowed: NEXT_STATUSES[status].join(",") },
    });
  }
  assertLicensed(licensedUntil, now);
  assertNotBefore(new Date(startTime.getTime() - earlyStartMs), now);
  assertNotAfter(new Date(Math.min(startTime.getTime() + READY_GRACE_MS, endTime.getTime())), now);
  return true;
}

/**
 * Late party after a transition. The patient is late if they join only after the waiting time, although the
 * doctor was ready and the patient had accepted the time of the appointment. The doctor is late if they start
 * after the patient has waited for the waiting time.
 */
export function latePartyAfter(
  consultation: ConsultationFacts,
  transition: Pick<Transition, "to">,
  now: Date,
  times: Times,
): Party | null {
  const { startTime, doctorReadyTime, joinTime, movePending, lateParty } = consultation;
  const waitMs = waitOf(consultation, times);
  switch (transition.to) {
    case "WAITING": {
      const isAwaited = doctorReadyTime !== null && !movePending;
      return isAwaited && now.getTime() >= startTime.getTime() + waitMs ? "PATIENT" : null;
    }
    case "IN_PROGRESS": {
      // Without a join time, nothing proves that the patient waited, so the doctor is not late.
      if (!joinTime) return lateParty;
      const since = Math.max(startTime.getTime(), joinTime.getTime());
      return now.getTime() >= since + waitMs ? "DOCTOR" : lateParty;
    }
    default:
      return lateParty;
  }
}

/** True for a final status. */
export const isOver = (status: Consultation_Status): boolean => NEXT_STATUSES[status].length === 0;

/** Checks that a consultation can have prescriptions and addenda. Throws CONSULTATION_NOT_COMPLETED. */
export function assertCompleted({ status }: Pick<ConsultationFacts, "status">): void {
  if (status !== "COMPLETED") throw new ApiError("CONSULTATION_NOT_COMPLETED");
}

function isRepeat(consultation: ConsultationFacts, transition: Transition): boolean {
  if (consultation.status !== transition.to || consultation.transitionedBy !== transition.by) return false;
  switch (transition.to) {
    case "COMPLETED":
      return consultation.notes === transition.notes;
    case "NO_SHOW":
      return consultation.noShowParty === transition.party;
    case "ABANDONED":
      return consultation.abandonReason === (transition.reason ?? "");
    default:
      return true;
  }
}

function assertReachable(consultation: ConsultationFacts, transition: Transition, now: Date): void {
  if (transition.to === consultation.status) throw repeatDiffers(transition.to);
  const allowed = reachable(consultation, now);
  const metadata = { current: consultation.status, requested: transition.to, allowed: allowed.join(",") };
  if (!allowed.includes(transition.to)) throw new ApiError("ILLEGAL_TRANSITION", { metadata });
  const isPresent = consultation.status === "WAITING" && consultation.lateParty !== "PATIENT";
  if (isPatientNoShow(transition) && isPresent) {
    throw new ApiError("ILLEGAL_TRANSITION", { detail: "The patient is in the waiting room.", metadata });
  }
}

const isPatientNoShow = (transition: Transition): boolean =>
  transition.to === "NO_SHOW" && transition.party === "PATIENT";

/**
 * Checks that the doctor can report the patient's no-show: the end time has not passed, the doctor was ready,
 * and the patient had accepted the time of the appointment.
 */
function assertMissed({ endTime, doctorReadyTime, movePending }: ConsultationFacts, now: Date): void {
  if (movePending) throw new ApiError("MOVE_NOT_ACCEPTED");
  assertNotAfter(endTime, now);
  if (!doctorReadyTime) throw new ApiError("DOCTOR_NOT_READY");
}

function assertNotBefore(from: Date, now: Date): void {
  if (now < from) throw new ApiError("TOO_EARLY", { metadata: { possibleFrom: from.toISOString() } });
}

function assertNotAfter(until: Date, now: Date): void {
  if (now >= until) throw new ApiError("TOO_LATE", { metadata: { possibleUntil: until.toISOString() } });
}

/**
 * Statuses that a consultation can change to now. After the end time, it can no longer be joined or started.
 */
function reachable({ status, endTime }: ConsultationFacts, now: Date): readonly Consultation_Status[] {
  const isPast = now >= endTime;
  return NEXT_STATUSES[status].filter((next) => !(isPast && (next === "WAITING" || next === "IN_PROGRESS")));
}

/** Earliest time at which a transition is possible. */
function possibleFrom(consultation: ConsultationFacts, { to }: Transition, times: Times): Date {
  const { startTime } = consultation;
  switch (to) {
    case "WAITING":
    case "IN_PROGRESS":
      return new Date(startTime.getTime() - times.earlyStartMs);
    case "NO_SHOW":
      return new Date(startTime.getTime() + waitOf(consultation, times));
    default:
      return new Date(0);
  }
}

/** Time that one party must wait until the other is a no-show, in ms. See `noShowAfterMs`. */
function waitOf({ startTime, endTime }: ConsultationFacts, { noShowAfterMs }: Times): number {
  const lengthMs = endTime.getTime() - startTime.getTime();
  return noShowAfterMs < lengthMs ? noShowAfterMs : lengthMs / 2;
}
