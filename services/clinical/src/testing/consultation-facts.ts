import {
  type ConsultationFacts,
  latePartyAfter,
  type Transition,
} from "../consultations/consultation-rules.ts";

export const MINUTE_MS = 60_000;
export const UNATTENDED_AFTER_MS = 120 * MINUTE_MS;
export const TIMES = { earlyStartMs: 15 * MINUTE_MS, noShowAfterMs: 15 * MINUTE_MS };
export const start = new Date("2030-01-01T09:00:00Z");
/** Time that is `minutes` after the start of the consultation. */
export const at = (minutes: number) => new Date(start.getTime() + minutes * MINUTE_MS);

/** An appointment of 30 minutes. */
export const scheduled: ConsultationFacts = {
  status: "SCHEDULED",
  transitionedBy: "SERVICE",
  startTime: start,
  endTime: at(30),
  notes: "",
  abandonReason: "",
  noShowParty: null,
  doctorReadyTime: null,
  joinTime: null,
  lateParty: null,
  movePending: false,
  licensedUntil: new Date("9999-12-31T00:00:00Z"),
};

export const CONSULTATIONS = {
  scheduled,
  "awaited by the doctor": { ...scheduled, doctorReadyTime: start },
  "rescheduled without acceptance": { ...scheduled, doctorReadyTime: start, movePending: true },
  waiting: { ...scheduled, status: "WAITING", transitionedBy: "PATIENT", joinTime: start },
  "waiting after a late join": {
    ...scheduled,
    status: "WAITING",
    transitionedBy: "PATIENT",
    doctorReadyTime: start,
    joinTime: at(15),
    lateParty: "PATIENT",
  },
  "in progress": { ...scheduled, status: "IN_PROGRESS", transitionedBy: "DOCTOR" },
  completed: { ...scheduled, status: "COMPLETED", transitionedBy: "DOCTOR", notes: "flu" },
  cancelled: { ...scheduled, status: "CANCELLED" },
  "missed by the patient": {
    ...scheduled,
    status: "NO_SHOW",
    transitionedBy: "DOCTOR",
    noShowParty: "PATIENT",
  },
  "closed by the clock": { ...scheduled, status: "NO_SHOW", noShowParty: "DOCTOR" },
  abandoned: { ...scheduled, status: "ABANDONED", transitionedBy: "DOCTOR", abandonReason: "no sound" },
  "abandoned by a cancellation": { ...scheduled, status: "ABANDONED" },
} as const satisfies Record<string, ConsultationFacts>;

export const REQUESTS = {
  join: { to: "WAITING", by: "PATIENT" },
  start: { to: "IN_PROGRESS", by: "DOCTOR" },
  complete: { to: "COMPLETED", by: "DOCTOR", notes: "flu" },
  "complete with other notes": { to: "COMPLETED", by: "DOCTOR", notes: "cold" },
  "mark the patient's no-show": { to: "NO_SHOW", by: "DOCTOR", party: "PATIENT" },
  "mark the doctor's no-show": { to: "NO_SHOW", by: "DOCTOR", party: "DOCTOR" },
  abandon: { to: "ABANDONED", by: "DOCTOR", reason: "no sound" },
  "abandon for another reason": { to: "ABANDONED", by: "DOCTOR", reason: "no picture" },
} as const satisfies Record<string, Transition>;

export const factsAfter = (
  consultation: ConsultationFacts,
  transition: Transition,
  now: Date,
  times = TIMES,
): ConsultationFacts => ({
  ...consultation,
  joinTime: transition.to === "WAITING" ? now : consultation.joinTime,
  movePending: transition.to === "WAITING" ? false : consultation.movePending,
  lateParty: latePartyAfter(consultation, transition, now, times),
  status: transition.to,
  transitionedBy: transition.by,
  notes: transition.to === "COMPLETED" ? (transition.notes ?? "") : consultation.notes,
  noShowParty: transition.to === "NO_SHOW" ? transition.party : consultation.noShowParty,
});
