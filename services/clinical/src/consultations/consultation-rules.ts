import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { repeatDiffers } from "@medconnect/platform/errors/repeat-differs.ts";
import type {
  Consultation_Party,
  Consultation_Status,
} from "@medconnect/proto/medconnect/clinical/v1/consultation_service.ts";
import { assertLicensed } from "../doctors/licensing-rules.ts";

/** Where a consultation can go from each status. */
const TRANSITIONS: Record<Consultation_Status, readonly Consultation_Status[]> = {
  STATUS_UNSPECIFIED: [],
  SCHEDULED: ["WAITING", "CANCELLED", "NO_SHOW"],
  WAITING: ["IN_PROGRESS", "CANCELLED", "NO_SHOW"],
  IN_PROGRESS: ["COMPLETED", "ABANDONED"],
  COMPLETED: [],
  CANCELLED: [],
  NO_SHOW: [],
  ABANDONED: [],
};

/** Time after the start until which `:ready` counts, in ms; later it proves no wait for the patient. */
export const READY_GRACE_MS = 5 * 60_000;

/** Actor of a transition; SERVICE: its booking's cancellation, or the clock; ADMIN: its booking's closing. */
export type Mover = "PATIENT" | "DOCTOR" | "SERVICE" | "ADMIN";

/** The missing party. */
export type Party = Exclude<Consultation_Party, "PARTY_UNSPECIFIED">;

export interface ConsultationFacts {
  status: Consultation_Status;
  /** Actor of the last transition. */
  movedBy: Mover;
  startTime: Date;
  endTime: Date;
  notes: string;
  /** Why the doctor abandoned it; empty if they did not. */
  abandonReason: string;
  noShowParty: Party | null;
  /** Time of the doctor's `:ready`. */
  doctorReadyTime: Date | null;
  /** Time at which the patient came to the waiting room. */
  joinTime: Date | null;
  /** Party that kept the other waiting for the full waiting time. */
  lateParty: Party | null;
  /** The patient has not accepted the booking's move to this time. */
  movePending: boolean;
  /** Last day of the doctor's verified licences; null without one. */
  licensedUntil: Date | null;
}

/** A move from one status to another, with what is written down on the way. */
export type Step = { by: Mover } & (
  | { to: "WAITING" | "IN_PROGRESS" | "CANCELLED" }
  | { to: "COMPLETED"; notes?: string }
  | { to: "NO_SHOW"; party: Party }
  | { to: "ABANDONED"; reason?: string }
);

export interface Times {
  /** How long before the start patient and doctor may come, in ms. */
  readonly earlyStartMs: number;
  /** Waiting time until a no-show, in ms; half the length of a shorter appointment. */
  readonly noShowAfterMs: number;
}

/**
 * Whether a patient or doctor takes a step now; false where the same one has taken it already.
 * Throws NOTES_LOCKED, ILLEGAL_TRANSITION, LICENSE_NOT_VERIFIED, TOO_EARLY, TOO_LATE, PATIENT_NOT_JOINED, DOCTOR_NOT_READY,
 * MOVE_NOT_ACCEPTED.
 */
export function takesStep(consultation: ConsultationFacts, step: Step, now: Date, times: Times): boolean {
  if (hasTaken(consultation, step)) return false;
  if (step.to === "COMPLETED" && consultation.status === "COMPLETED") throw new ApiError("NOTES_LOCKED");
  // From SCHEDULED, a start only lacks the patient, so a repeat may succeed.
  const lacksPatient = step.to === "IN_PROGRESS" && consultation.status === "SCHEDULED";
  assertReachable(lacksPatient ? { ...consultation, status: "WAITING" } : consultation, step, now);
  if (step.to === "IN_PROGRESS") assertLicensed(consultation.licensedUntil, now);
  // It charges the patient, so the doctor must have been able to start.
  if (isPatientNoShow(step)) assertLicensed(consultation.licensedUntil, consultation.startTime);
  assertNotBefore(possibleFrom(consultation, step, times), now);
  if (lacksPatient) throw new ApiError("PATIENT_NOT_JOINED");
  if (isPatientNoShow(step)) assertMissed(consultation, now);
  return true;
}

/**
 * True if the doctor becomes ready now; false if they were already. Possible until shortly after the start.
 * Throws ILLEGAL_TRANSITION, LICENSE_NOT_VERIFIED, TOO_EARLY, TOO_LATE.
 */
export function becomesReady(consultation: ConsultationFacts, now: Date, { earlyStartMs }: Times): boolean {
  const { status, startTime, endTime, doctorReadyTime, licensedUntil } = consultation;
  if (doctorReadyTime) return false;
  if (status !== "SCHEDULED" && status !== "WAITING") {
    throw new ApiError("ILLEGAL_TRANSITION", {
      metadata: { current: status, requested: "READY", allowed: TRANSITIONS[status].join(",") },
    });
  }
  assertLicensed(licensedUntil, now);
  assertNotBefore(new Date(startTime.getTime() - earlyStartMs), now);
  assertNotAfter(new Date(Math.min(startTime.getTime() + READY_GRACE_MS, endTime.getTime())), now);
  return true;
}

/**
 * The late party after a step. A patient is late who joins after the waiting time of a doctor who was ready, unless they
 * never accepted the time. A doctor is late who starts after the patient's full waiting time.
 */
export function latePartyAfter(
  consultation: ConsultationFacts,
  step: Pick<Step, "to">,
  now: Date,
  times: Times,
): Party | null {
  const { startTime, doctorReadyTime, joinTime, movePending, lateParty } = consultation;
  const waitMs = waitOf(consultation, times);
  switch (step.to) {
    case "WAITING": {
      const isAwaited = doctorReadyTime !== null && !movePending;
      return isAwaited && now.getTime() >= startTime.getTime() + waitMs ? "PATIENT" : null;
    }
    case "IN_PROGRESS": {
      // Joined under a release that did not store the time.
      if (!joinTime) return lateParty;
      const since = Math.max(startTime.getTime(), joinTime.getTime());
      return now.getTime() >= since + waitMs ? "DOCTOR" : lateParty;
    }
    default:
      return lateParty;
  }
}

/** True if a consultation in this status is over. */
export const isOver = (status: Consultation_Status): boolean => TRANSITIONS[status].length === 0;

/** Only what took place is prescribed for, or added to. Throws CONSULTATION_NOT_COMPLETED. */
export function assertCompleted({ status }: Pick<ConsultationFacts, "status">): void {
  if (status !== "COMPLETED") throw new ApiError("CONSULTATION_NOT_COMPLETED");
}

function hasTaken(consultation: ConsultationFacts, step: Step): boolean {
  if (consultation.status !== step.to || consultation.movedBy !== step.by) return false;
  switch (step.to) {
    case "COMPLETED":
      return consultation.notes === step.notes;
    case "NO_SHOW":
      return consultation.noShowParty === step.party;
    case "ABANDONED":
      return consultation.abandonReason === (step.reason ?? "");
    default:
      return true;
  }
}

function assertReachable(consultation: ConsultationFacts, step: Step, now: Date): void {
  if (step.to === consultation.status) throw repeatDiffers(step.to);
  const allowed = reachable(consultation, now);
  const metadata = { current: consultation.status, requested: step.to, allowed: allowed.join(",") };
  if (!allowed.includes(step.to)) throw new ApiError("ILLEGAL_TRANSITION", { metadata });
  const isThere = consultation.status === "WAITING" && consultation.lateParty !== "PATIENT";
  if (isPatientNoShow(step) && isThere) {
    throw new ApiError("ILLEGAL_TRANSITION", { detail: "The patient is in the waiting room.", metadata });
  }
}

const isPatientNoShow = (step: Step): boolean => step.to === "NO_SHOW" && step.party === "PATIENT";

/** A patient no-show needs a doctor who was ready in time and reports it before the end. */
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

/** The statuses that a consultation can come to at a time: after its end it does not begin any more. */
function reachable({ status, endTime }: ConsultationFacts, now: Date): readonly Consultation_Status[] {
  const isPast = now >= endTime;
  return TRANSITIONS[status].filter((next) => !(isPast && (next === "WAITING" || next === "IN_PROGRESS")));
}

/** From when on a step can be taken. */
function possibleFrom(consultation: ConsultationFacts, { to }: Step, times: Times): Date {
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

/** Waiting time until a no-show, in ms. */
function waitOf({ startTime, endTime }: ConsultationFacts, { noShowAfterMs }: Times): number {
  const lengthMs = endTime.getTime() - startTime.getTime();
  return noShowAfterMs < lengthMs ? noShowAfterMs : lengthMs / 2;
}
