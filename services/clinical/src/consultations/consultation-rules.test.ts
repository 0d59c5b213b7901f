import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { stepOfCancellation, stepOfClosing } from "../bookings/booking-event-rules.ts";
import { stepOfTime } from "../no-shows/no-show-rules.ts";
import {
  assertCompleted,
  becomesReady,
  type ConsultationFacts,
  latePartyAfter,
  type Step,
  takesStep,
} from "./consultation-rules.ts";

const MINUTE_MS = 60_000;
const UNATTENDED_AFTER_MS = 120 * MINUTE_MS;
const TIMES = { earlyStartMs: 15 * MINUTE_MS, noShowAfterMs: 15 * MINUTE_MS };
const start = new Date("2030-01-01T09:00:00Z");
const at = (minutes: number) => new Date(start.getTime() + minutes * MINUTE_MS);

const scheduled: ConsultationFacts = {
  status: "SCHEDULED",
  movedBy: "SERVICE",
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

const CONSULTATIONS = {
  scheduled,
  "awaited by the doctor": { ...scheduled, doctorReadyTime: start },
  "moved without acceptance": { ...scheduled, doctorReadyTime: start, movePending: true },
  waiting: { ...scheduled, status: "WAITING", movedBy: "PATIENT", joinTime: start },
  "waiting since late": {
    ...scheduled,
    status: "WAITING",
    movedBy: "PATIENT",
    doctorReadyTime: start,
    joinTime: at(15),
    lateParty: "PATIENT",
  },
  "in progress": { ...scheduled, status: "IN_PROGRESS", movedBy: "DOCTOR" },
  completed: { ...scheduled, status: "COMPLETED", movedBy: "DOCTOR", notes: "flu" },
  cancelled: { ...scheduled, status: "CANCELLED" },
  "missed by the patient": { ...scheduled, status: "NO_SHOW", movedBy: "DOCTOR", noShowParty: "PATIENT" },
  "closed by the clock": { ...scheduled, status: "NO_SHOW", noShowParty: "DOCTOR" },
  abandoned: { ...scheduled, status: "ABANDONED", movedBy: "DOCTOR", abandonReason: "no sound" },
  "abandoned by a cancellation": { ...scheduled, status: "ABANDONED" },
} as const satisfies Record<string, ConsultationFacts>;

const STEPS = {
  join: { to: "WAITING", by: "PATIENT" },
  start: { to: "IN_PROGRESS", by: "DOCTOR" },
  complete: { to: "COMPLETED", by: "DOCTOR", notes: "flu" },
  "complete with other notes": { to: "COMPLETED", by: "DOCTOR", notes: "cold" },
  "mark the patient's no-show": { to: "NO_SHOW", by: "DOCTOR", party: "PATIENT" },
  "mark the doctor's no-show": { to: "NO_SHOW", by: "DOCTOR", party: "DOCTOR" },
  abandon: { to: "ABANDONED", by: "DOCTOR", reason: "no sound" },
  "abandon for another reason": { to: "ABANDONED", by: "DOCTOR", reason: "no picture" },
} as const satisfies Record<string, Step>;

const { waiting } = CONSULTATIONS;

test.each([
  ["scheduled", "join", -15],
  ["scheduled", "join", 29.9],
  ["waiting", "start", -15],
  ["waiting", "start", 29.9],
  ["in progress", "complete", -14],
  ["in progress", "complete", 300],
  ["awaited by the doctor", "mark the patient's no-show", 15],
  ["awaited by the doctor", "mark the patient's no-show", 29.9],
  ["moved without acceptance", "join", -15],
  ["moved without acceptance", "mark the doctor's no-show", 15],
  ["scheduled", "mark the doctor's no-show", 300],
  ["scheduled", "mark the doctor's no-show", 15],
  ["waiting", "mark the doctor's no-show", 15],
  ["in progress", "abandon", 10],
  ["waiting since late", "start", 29.9],
  ["waiting since late", "mark the patient's no-show", 15],
  ["waiting since late", "mark the patient's no-show", 29.9],
  ["waiting since late", "mark the doctor's no-show", 29.9],
] as const)("%s: to %s is possible %s minutes after the start", (consultation, step, minutes) => {
  expect(takesStep(CONSULTATIONS[consultation], STEPS[step], at(minutes), TIMES)).toBe(true);
});

test.each([
  ["scheduled", "join", -15.1, "TOO_EARLY"],
  ["scheduled", "start", -15.1, "TOO_EARLY"],
  ["scheduled", "start", -15, "PATIENT_NOT_JOINED"],
  ["scheduled", "start", 29.9, "PATIENT_NOT_JOINED"],
  ["awaited by the doctor", "start", 20, "PATIENT_NOT_JOINED"],
  ["scheduled", "start", 30, "ILLEGAL_TRANSITION"],
  ["scheduled", "mark the patient's no-show", 15, "DOCTOR_NOT_READY"],
  ["scheduled", "mark the patient's no-show", 29.9, "DOCTOR_NOT_READY"],
  ["scheduled", "mark the patient's no-show", 30, "TOO_LATE"],
  ["awaited by the doctor", "mark the patient's no-show", 14.9, "TOO_EARLY"],
  ["awaited by the doctor", "mark the patient's no-show", 30, "TOO_LATE"],
  ["moved without acceptance", "mark the patient's no-show", 15, "MOVE_NOT_ACCEPTED"],
  ["moved without acceptance", "mark the patient's no-show", 40, "MOVE_NOT_ACCEPTED"],
  ["moved without acceptance", "start", 0, "PATIENT_NOT_JOINED"],
  ["waiting", "start", -15.1, "TOO_EARLY"],
  ["scheduled", "mark the patient's no-show", 14.9, "TOO_EARLY"],
  ["waiting", "mark the doctor's no-show", 14.9, "TOO_EARLY"],
  ["scheduled", "join", 30, "ILLEGAL_TRANSITION"],
  ["scheduled", "start", 30, "ILLEGAL_TRANSITION"],
  ["waiting", "start", 30, "ILLEGAL_TRANSITION"],
  ["scheduled", "complete", 10, "ILLEGAL_TRANSITION"],
  ["scheduled", "abandon", 10, "ILLEGAL_TRANSITION"],
  ["waiting", "complete", 10, "ILLEGAL_TRANSITION"],
  ["waiting", "mark the patient's no-show", 20, "ILLEGAL_TRANSITION"],
  ["waiting", "mark the patient's no-show", 29.9, "ILLEGAL_TRANSITION"],
  ["waiting since late", "mark the patient's no-show", 30, "TOO_LATE"],
  ["in progress", "join", 10, "ILLEGAL_TRANSITION"],
  ["in progress", "mark the doctor's no-show", 20, "ILLEGAL_TRANSITION"],
  ["completed", "abandon", 20, "ILLEGAL_TRANSITION"],
  ["completed", "complete with other notes", 20, "NOTES_LOCKED"],
  ["abandoned", "abandon for another reason", 20, "ILLEGAL_TRANSITION"],
  ["cancelled", "join", 0, "ILLEGAL_TRANSITION"],
  ["missed by the patient", "mark the doctor's no-show", 20, "ILLEGAL_TRANSITION"],
  ["closed by the clock", "mark the doctor's no-show", 40, "ILLEGAL_TRANSITION"],
  ["abandoned by a cancellation", "abandon", 20, "ILLEGAL_TRANSITION"],
] as const)("%s: to %s %s minutes after the start is %s", (consultation, step, minutes, reason) => {
  expect(() => takesStep(CONSULTATIONS[consultation], STEPS[step], at(minutes), TIMES)).toThrow(
    expect.objectContaining({ reason }),
  );
});

test.each([
  ["waiting", "join"],
  ["in progress", "start"],
  ["completed", "complete"],
  ["missed by the patient", "mark the patient's no-show"],
  ["abandoned", "abandon"],
] as const)("%s: to %s again changes nothing, at any time", (consultation, step) => {
  expect(takesStep(CONSULTATIONS[consultation], STEPS[step], at(-100), TIMES)).toBe(false);
  expect(takesStep(CONSULTATIONS[consultation], STEPS[step], at(100), TIMES)).toBe(false);
});

test.each([
  ["scheduled", -15],
  ["scheduled", 4.9],
  ["waiting", 0],
] as const)("%s: the doctor becomes ready %s minutes after the start", (consultation, minutes) => {
  expect(becomesReady(CONSULTATIONS[consultation], at(minutes), TIMES)).toBe(true);
});

test.each([
  ["scheduled", -15.1, "TOO_EARLY"],
  ["scheduled", 5, "TOO_LATE"],
  ["waiting", 5, "TOO_LATE"],
  ["in progress", 0, "ILLEGAL_TRANSITION"],
  ["completed", 0, "ILLEGAL_TRANSITION"],
  ["cancelled", 0, "ILLEGAL_TRANSITION"],
  ["closed by the clock", 0, "ILLEGAL_TRANSITION"],
] as const)("%s: to become ready %s minutes after the start is %s", (consultation, minutes, reason) => {
  const become = () => becomesReady(CONSULTATIONS[consultation], at(minutes), TIMES);
  expect(become).toThrow(expect.objectContaining({ reason }));
});

test("a doctor who is ready stays so, at any time", () => {
  for (const minutes of [-100, 0, 100]) {
    expect(becomesReady(CONSULTATIONS["awaited by the doctor"], at(minutes), TIMES)).toBe(false);
  }
});

test("every length leaves a time for a patient no-show, which ends with the appointment", () => {
  const minutes = fc.integer({ min: 1, max: 720 });
  fc.assert(
    fc.property(minutes, minutes, (length, noShowAfter) => {
      const appointment = { ...CONSULTATIONS["awaited by the doctor"], endTime: at(length) };
      const times = { ...TIMES, noShowAfterMs: noShowAfter * MINUTE_MS };
      const miss = (now: Date) => takesStep(appointment, STEPS["mark the patient's no-show"], now, times);
      expect(miss(new Date(at(length).getTime() - 1))).toBe(true);
      expect(() => miss(at(length))).toThrow(expect.objectContaining({ reason: "TOO_LATE" }));
      const from = noShowAfter < length ? noShowAfter : length / 2;
      expect(miss(at(from))).toBe(true);
      expect(() => miss(new Date(at(from).getTime() - 1))).toThrow(
        expect.objectContaining({ reason: "TOO_EARLY" }),
      );
    }),
  );
});

test("an illegal transition says where the consultation stands and where it can go", () => {
  expect(() => takesStep(scheduled, STEPS.complete, at(0), TIMES)).toThrow(
    expect.objectContaining({
      metadata: {
        current: "SCHEDULED",
        requested: "COMPLETED",
        allowed: "WAITING,CANCELLED,NO_SHOW",
      },
    }),
  );
  expect(() => takesStep(waiting, STEPS.start, at(30), TIMES)).toThrow(
    expect.objectContaining({
      metadata: { current: "WAITING", requested: "IN_PROGRESS", allowed: "CANCELLED,NO_SHOW" },
    }),
  );
});

test("who comes too early is told from when on it is possible", () => {
  expect(() => takesStep(scheduled, STEPS.join, at(-60), TIMES)).toThrow(
    expect.objectContaining({ metadata: { possibleFrom: "2030-01-01T08:45:00.000Z" } }),
  );
});

test.each([
  ["scheduled", "CANCELLED"],
  ["waiting", "CANCELLED"],
  ["in progress", "ABANDONED"],
  ["completed", undefined],
  ["cancelled", undefined],
  ["missed by the patient", undefined],
  ["abandoned", undefined],
] as const)("%s: the cancellation of its booking makes it %s", (consultation, status) => {
  expect(stepOfCancellation(CONSULTATIONS[consultation])?.to).toBe(status);
});

const afterTime = (consultation: ConsultationFacts, minutes: number) =>
  stepOfTime(consultation, at(minutes), UNATTENDED_AFTER_MS);

test("a patient who waits until the end makes the doctor a no-show", () => {
  expect(afterTime(waiting, 29.9)).toBeUndefined();
  expect(afterTime(waiting, 30)).toEqual({ to: "NO_SHOW", by: "SERVICE", party: "DOCTOR" });
});

test.each(["scheduled", "awaited by the doctor", "moved without acceptance", "waiting since late"] as const)(
  "%s: where nobody met until two hours after the end, both were missing",
  (name) => {
    expect(afterTime(CONSULTATIONS[name], 149.9)).toBeUndefined();
    expect(afterTime(CONSULTATIONS[name], 150)).toEqual({ to: "NO_SHOW", by: "SERVICE", party: "BOTH" });
  },
);

test("the clock ends no consultation that has started or ended", () => {
  const others = Object.values(CONSULTATIONS).filter(
    ({ status }) => status !== "WAITING" && status !== "SCHEDULED",
  );
  for (const other of others) expect(afterTime(other, 3000)).toBeUndefined();
});

/** Actions of patient and doctor, in minutes after the start; the doctor may be ready at the start. */
interface Visit {
  isReady?: boolean;
  movePending?: boolean;
  joins?: number;
  starts?: number;
  /** Minute of the patient no-show. */
  misses?: number;
}

/** A consultation of 30 minutes after a visit, and the clock; or the refusal of its last step. */
function endOf({ isReady, movePending, joins, starts, misses }: Visit): string {
  let its: ConsultationFacts = {
    ...scheduled,
    doctorReadyTime: isReady ? start : null,
    movePending: movePending === true,
  };
  const take = (step: Step, minutes: number | undefined) => {
    if (minutes === undefined) return;
    takesStep(its, step, at(minutes), TIMES);
    its = afterStep(its, step, at(minutes));
  };
  try {
    take(STEPS.join, joins);
    take(STEPS.start, starts);
    take(STEPS["mark the patient's no-show"], misses);
    if (its.status === "IN_PROGRESS") take(STEPS.complete, 40);
  } catch (error) {
    return (error as { reason: string }).reason;
  }
  const step = stepOfTime(its, at(30), UNATTENDED_AFTER_MS) ?? stepOfTime(its, at(150), UNATTENDED_AFTER_MS);
  if (step) its = afterStep(its, step, at(150));
  return its.status === "NO_SHOW" ? `NO_SHOW ${its.noShowParty}` : `${its.status}, late: ${its.lateParty}`;
}

test.each<[string, Visit, string]>([
  ["both in time", { isReady: true, joins: 0, starts: 1 }, "COMPLETED, late: null"],
  ["patient in time, doctor just so", { joins: -15, starts: 14.9 }, "COMPLETED, late: null"],
  ["patient in time, doctor late", { joins: -15, starts: 15 }, "COMPLETED, late: DOCTOR"],
  ["patient in time, doctor in the last second", { joins: 0, starts: 29.99 }, "COMPLETED, late: DOCTOR"],
  [
    "the same, though the doctor clicked :ready",
    { isReady: true, joins: 0, starts: 29.99 },
    "COMPLETED, late: DOCTOR",
  ],
  ["patient in time, doctor never", { joins: 14.9 }, "NO_SHOW DOCTOR"],
  ["patient in time, doctor ready but never starts", { isReady: true, joins: 14.9 }, "NO_SHOW DOCTOR"],
  [
    "patient just in time, doctor within the wait",
    { isReady: true, joins: 14.9, starts: 29.8 },
    "COMPLETED, late: null",
  ],
  [
    "patient in time, and said to be missing",
    { isReady: true, joins: 14.9, misses: 15 },
    "ILLEGAL_TRANSITION",
  ],
  [
    "patient late, doctor ready and starts",
    { isReady: true, joins: 15, starts: 29.9 },
    "COMPLETED, late: PATIENT",
  ],
  ["patient late, doctor ready and gives up", { isReady: true, joins: 15, misses: 15 }, "NO_SHOW PATIENT"],
  ["patient in the last second, doctor ready", { isReady: true, joins: 29.99 }, "NO_SHOW BOTH"],
  ["the same, and said to be missing", { isReady: true, joins: 29.99, misses: 29.995 }, "NO_SHOW PATIENT"],
  ["patient late, doctor never", { joins: 29.99 }, "NO_SHOW DOCTOR"],
  ["patient late, doctor not ready, and said to be missing", { joins: 15, misses: 16 }, "ILLEGAL_TRANSITION"],
  ["patient late, doctor not ready, and starts", { joins: 20, starts: 29.9 }, "COMPLETED, late: null"],
  ["patient never, doctor ready", { isReady: true }, "NO_SHOW BOTH"],
  ["patient never, doctor ready and says so", { isReady: true, misses: 15 }, "NO_SHOW PATIENT"],
  ["neither ever", {}, "NO_SHOW BOTH"],
  [
    "patient late for a time never accepted",
    { isReady: true, movePending: true, joins: 20 },
    "NO_SHOW DOCTOR",
  ],
  [
    "the same, and said to be missing",
    { isReady: true, movePending: true, joins: 20, misses: 21 },
    "ILLEGAL_TRANSITION",
  ],
])("%s: %j ends as %s", (_who, visit, end) => {
  expect(endOf(visit)).toBe(end);
});

test("a party that came in time is neither missing nor charged, for all arrivals and lengths", () => {
  const minutes = fc.integer({ min: 1, max: 720 });
  const share = fc.double({ min: 0, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(minutes, minutes, share, share, (length, noShowAfter, joins, starts) => {
      const times = { ...TIMES, noShowAfterMs: noShowAfter * MINUTE_MS };
      const waited = { ...CONSULTATIONS["awaited by the doctor"], endTime: at(length) };
      const joined = afterStep(waited, STEPS.join, at(joins * length), times);
      const miss = () => takesStep(joined, STEPS["mark the patient's no-show"], at(length - 0.001), times);
      const wait = noShowAfter < length ? noShowAfter : length / 2;
      // The clock has whole milliseconds.
      if (Math.abs(joins * length - wait) < 0.001) return;
      if (joins * length < wait)
        expect(miss).toThrow(expect.objectContaining({ reason: "ILLEGAL_TRANSITION" }));
      else expect(miss()).toBe(true);
      const startsAt = joins * length + starts * (length - joins * length);
      const begun = afterStep(joined, STEPS.start, at(startsAt), times);
      if (Math.abs(startsAt - joins * length - wait) < 0.001) return;
      expect(begun.lateParty === "DOCTOR").toBe(startsAt - joins * length > wait);
    }),
  );
});

const OUTCOMES = {
  COMPLETED: { to: "COMPLETED", by: "ADMIN" },
  NO_SHOW_PATIENT: { to: "NO_SHOW", by: "ADMIN", party: "PATIENT" },
  NO_SHOW_DOCTOR: { to: "NO_SHOW", by: "ADMIN", party: "DOCTOR" },
  NO_SHOW_BOTH: { to: "NO_SHOW", by: "ADMIN", party: "BOTH" },
} as const;
const closing = (outcome: keyof typeof OUTCOMES, over: object = {}) => ({
  outcome,
  startTime: start,
  endTime: at(30),
  movePending: false,
  ...over,
});

test.each(Object.keys(CONSULTATIONS) as (keyof typeof CONSULTATIONS)[])(
  "%s: its booking's closing ends it only where nothing else has",
  (name) => {
    const consultation = CONSULTATIONS[name];
    const isOpen = ["SCHEDULED", "WAITING", "IN_PROGRESS"].includes(consultation.status);
    for (const [outcome, step] of Object.entries(OUTCOMES)) {
      const taken = stepOfClosing(consultation, closing(outcome as keyof typeof OUTCOMES));
      expect(taken).toEqual(isOpen ? step : undefined);
    }
  },
);

test("a no-show at an old or unaccepted time leaves the consultation open", () => {
  const missed = CONSULTATIONS["missed by the patient"];
  const elsewhere = closing("COMPLETED", { startTime: at(60), endTime: at(90) });
  expect(stepOfClosing(missed, elsewhere)).toEqual(OUTCOMES.COMPLETED);
  expect(stepOfClosing(missed, closing("COMPLETED", { movePending: true }))).toEqual(OUTCOMES.COMPLETED);
  const byDoctor = CONSULTATIONS["closed by the clock"];
  expect(stepOfClosing(byDoctor, closing("COMPLETED", { movePending: true }))).toBeUndefined();
});

/** Happenings, in minutes after the start: a party's step, a cancellation, or the clock's. */
const happenings = fc.array(
  fc.record({
    minutes: fc.oneof(fc.integer({ min: -30, max: 60 }), fc.constant(200)),
    what: fc.constantFrom<Step | "cancellation" | "time">(...Object.values(STEPS), "cancellation", "time"),
  }),
  { maxLength: 12 },
);

const ALLOWED = [
  "SCHEDULED>WAITING",
  "SCHEDULED>CANCELLED",
  "SCHEDULED>NO_SHOW",
  "WAITING>IN_PROGRESS",
  "WAITING>CANCELLED",
  "WAITING>NO_SHOW",
  "IN_PROGRESS>COMPLETED",
  "IN_PROGRESS>ABANDONED",
];

function stepOf(
  consultation: ConsultationFacts,
  what: Step | "cancellation" | "time",
  now: Date,
): Step | undefined {
  if (what === "cancellation") return stepOfCancellation(consultation);
  if (what === "time") return stepOfTime(consultation, now, UNATTENDED_AFTER_MS);
  try {
    return takesStep(consultation, what, now, TIMES) ? what : undefined;
  } catch {
    return undefined;
  }
}

const afterStep = (
  consultation: ConsultationFacts,
  step: Step,
  now: Date,
  times = TIMES,
): ConsultationFacts => ({
  ...consultation,
  joinTime: step.to === "WAITING" ? now : consultation.joinTime,
  movePending: step.to === "WAITING" ? false : consultation.movePending,
  lateParty: latePartyAfter(consultation, step, now, times),
  status: step.to,
  movedBy: step.by,
  notes: step.to === "COMPLETED" ? (step.notes ?? "") : consultation.notes,
  noShowParty: step.to === "NO_SHOW" ? step.party : consultation.noShowParty,
});

test("whatever happens, only the allowed transitions are taken, and nothing leads out of an end", () => {
  const taken = new Set<string>();
  fc.assert(
    fc.property(happenings, fc.boolean(), (steps, isAwaited) => {
      let consultation: ConsultationFacts = isAwaited ? CONSULTATIONS["awaited by the doctor"] : scheduled;
      for (const { what, minutes } of steps) {
        const step = stepOf(consultation, what, at(minutes));
        if (!step) continue;
        const transition = `${consultation.status}>${step.to}`;
        expect(ALLOWED).toContain(transition);
        taken.add(transition);
        consultation = afterStep(consultation, step, at(minutes));
      }
    }),
    { numRuns: 2000, seed: 1 },
  );
  expect([...taken].sort()).toEqual(ALLOWED.toSorted());
});

test.each(Object.keys(CONSULTATIONS) as (keyof typeof CONSULTATIONS)[])(
  "%s: added to only once completed",
  (name) => {
    const add = () => assertCompleted(CONSULTATIONS[name]);
    if (name === "completed") expect(add).not.toThrow();
    else expect(add).toThrow(expect.objectContaining({ reason: "CONSULTATION_NOT_COMPLETED" }));
  },
);

test.each([
  ["without a verified licence", null],
  ["whose licence ended the day before", new Date("2029-12-31T00:00:00Z")],
])("a doctor %s starts nothing and collects no fee, but completes a started consultation", (_who, until) => {
  const unlicensed = (consultation: ConsultationFacts) => ({ ...consultation, licensedUntil: until });
  const { "awaited by the doctor": awaited, "waiting since late": late } = CONSULTATIONS;
  const miss = STEPS["mark the patient's no-show"];
  const refusal = expect.objectContaining({ reason: "LICENSE_NOT_VERIFIED" });
  expect(() => takesStep(unlicensed(waiting), STEPS.start, start, TIMES)).toThrow(refusal);
  expect(() => becomesReady(unlicensed(scheduled), start, TIMES)).toThrow(refusal);
  for (const missed of [scheduled, awaited, late])
    expect(() => takesStep(unlicensed(missed), miss, at(20), TIMES)).toThrow(refusal);
  expect(takesStep(unlicensed(waiting), STEPS["mark the doctor's no-show"], at(20), TIMES)).toBe(true);
  const begun = unlicensed(CONSULTATIONS["in progress"]);
  expect(takesStep(begun, STEPS.complete, start, TIMES)).toBe(true);
  expect(takesStep(begun, STEPS.start, start, TIMES)).toBe(false);
});

test("a licence holds through its last day; a no-show needs it at the start only", () => {
  const midnight = new Date("2030-01-02T00:00:00Z");
  const lastDay = new Date("2030-01-01T00:00:00Z");
  const before = (minutes: number) => new Date(midnight.getTime() - minutes * MINUTE_MS);
  const late = { startTime: before(10), endTime: at(60 * 24), licensedUntil: lastDay };
  const refusal = expect.objectContaining({ reason: "LICENSE_NOT_VERIFIED" });
  expect(takesStep({ ...waiting, ...late }, STEPS.start, before(0.1), TIMES)).toBe(true);
  expect(becomesReady({ ...scheduled, ...late }, before(10), TIMES)).toBe(true);
  expect(() => takesStep({ ...waiting, ...late }, STEPS.start, midnight, TIMES)).toThrow(refusal);
  const awaited = { ...CONSULTATIONS["awaited by the doctor"], ...late };
  expect(takesStep(awaited, STEPS["mark the patient's no-show"], before(-5), TIMES)).toBe(true);
});
