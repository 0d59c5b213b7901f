import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  at,
  CONSULTATIONS,
  MINUTE_MS,
  REQUESTS,
  scheduled,
  start,
  TIMES,
} from "../testing/consultation-facts.ts";
import {
  assertCompleted,
  becomesReady,
  type ConsultationFacts,
  isOver,
  latePartyAfter,
  type Transition,
  transitionsNow,
} from "./consultation-rules.ts";

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
  ["rescheduled without acceptance", "join", -15],
  ["rescheduled without acceptance", "mark the doctor's no-show", 15],
  ["scheduled", "mark the doctor's no-show", 300],
  ["scheduled", "mark the doctor's no-show", 15],
  ["waiting", "mark the doctor's no-show", 15],
  ["in progress", "abandon", 10],
  ["waiting after a late join", "start", 29.9],
  ["waiting after a late join", "mark the patient's no-show", 15],
  ["waiting after a late join", "mark the patient's no-show", 29.9],
  ["waiting after a late join", "mark the doctor's no-show", 29.9],
] as const)("%s: to %s is possible %s minutes after the start", (consultation, transition, minutes) => {
  expect(transitionsNow(CONSULTATIONS[consultation], REQUESTS[transition], at(minutes), TIMES)).toBe(true);
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
  ["rescheduled without acceptance", "mark the patient's no-show", 15, "MOVE_NOT_ACCEPTED"],
  ["rescheduled without acceptance", "mark the patient's no-show", 40, "MOVE_NOT_ACCEPTED"],
  ["rescheduled without acceptance", "start", 0, "PATIENT_NOT_JOINED"],
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
  ["waiting after a late join", "mark the patient's no-show", 30, "TOO_LATE"],
  ["in progress", "join", 10, "ILLEGAL_TRANSITION"],
  ["in progress", "mark the doctor's no-show", 20, "ILLEGAL_TRANSITION"],
  ["completed", "abandon", 20, "ILLEGAL_TRANSITION"],
  ["completed", "complete with other notes", 20, "NOTES_LOCKED"],
  ["abandoned", "abandon for another reason", 20, "ILLEGAL_TRANSITION"],
  ["cancelled", "join", 0, "ILLEGAL_TRANSITION"],
  ["missed by the patient", "mark the doctor's no-show", 20, "ILLEGAL_TRANSITION"],
  ["closed by the clock", "mark the doctor's no-show", 40, "ILLEGAL_TRANSITION"],
  ["abandoned by a cancellation", "abandon", 20, "ILLEGAL_TRANSITION"],
] as const)("%s: to %s %s minutes after the start throws %s", (consultation, transition, minutes, reason) => {
  expect(() => transitionsNow(CONSULTATIONS[consultation], REQUESTS[transition], at(minutes), TIMES)).toThrow(
    expect.objectContaining({ reason }),
  );
});

test.each([
  ["waiting", "join"],
  ["in progress", "start"],
  ["completed", "complete"],
  ["missed by the patient", "mark the patient's no-show"],
  ["abandoned", "abandon"],
] as const)("%s: to %s again is a repeat at any time", (consultation, transition) => {
  expect(transitionsNow(CONSULTATIONS[consultation], REQUESTS[transition], at(-100), TIMES)).toBe(false);
  expect(transitionsNow(CONSULTATIONS[consultation], REQUESTS[transition], at(100), TIMES)).toBe(false);
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
] as const)("%s: to become ready %s minutes after the start throws %s", (consultation, minutes, reason) => {
  const become = () => becomesReady(CONSULTATIONS[consultation], at(minutes), TIMES);
  expect(become).toThrow(expect.objectContaining({ reason }));
});

test("a ready doctor stays ready at any time", () => {
  for (const minutes of [-100, 0, 100]) {
    expect(becomesReady(CONSULTATIONS["awaited by the doctor"], at(minutes), TIMES)).toBe(false);
  }
});

test("an appointment of any length leaves time for a patient no-show, until its end", () => {
  const minutes = fc.integer({ min: 1, max: 720 });
  fc.assert(
    fc.property(minutes, minutes, (length, noShowAfter) => {
      const appointment = { ...CONSULTATIONS["awaited by the doctor"], endTime: at(length) };
      const times = { ...TIMES, noShowAfterMs: noShowAfter * MINUTE_MS };
      const miss = (now: Date) =>
        transitionsNow(appointment, REQUESTS["mark the patient's no-show"], now, times);
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

test("ILLEGAL_TRANSITION names the current status and the possible next ones", () => {
  expect(() => transitionsNow(scheduled, REQUESTS.complete, at(0), TIMES)).toThrow(
    expect.objectContaining({
      metadata: {
        current: "SCHEDULED",
        requested: "COMPLETED",
        allowed: "WAITING,CANCELLED,NO_SHOW",
      },
    }),
  );
  expect(() => transitionsNow(waiting, REQUESTS.start, at(30), TIMES)).toThrow(
    expect.objectContaining({
      metadata: { current: "WAITING", requested: "IN_PROGRESS", allowed: "CANCELLED,NO_SHOW" },
    }),
  );
});

test("the refusal to become ready names the current status and the possible next ones", () => {
  expect(() => becomesReady(CONSULTATIONS["in progress"], at(0), TIMES)).toThrow(
    expect.objectContaining({
      message: "The status IN_PROGRESS does not allow the doctor to become ready.",
      metadata: { current: "IN_PROGRESS", requested: "READY", allowed: "COMPLETED,ABANDONED" },
    }),
  );
});

test("TOO_EARLY names the earliest time", () => {
  expect(() => transitionsNow(scheduled, REQUESTS.join, at(-60), TIMES)).toThrow(
    expect.objectContaining({ metadata: { possibleFrom: "2030-01-01T08:45:00.000Z" } }),
  );
});

test.each(Object.keys(CONSULTATIONS) as (keyof typeof CONSULTATIONS)[])(
  "%s: addenda need a completed consultation",
  (name) => {
    const add = () => assertCompleted(CONSULTATIONS[name]);
    if (name === "completed") expect(add).not.toThrow();
    else expect(add).toThrow(expect.objectContaining({ reason: "CONSULTATION_NOT_COMPLETED" }));
  },
);

test.each([
  ["without a verified licence", null],
  ["whose licence ended the day before", new Date("2029-12-31T00:00:00Z")],
])(
  "a doctor %s can neither start nor collect a fee, but can complete a started consultation",
  (_who, until) => {
    const unlicensed = (consultation: ConsultationFacts) => ({ ...consultation, licensedUntil: until });
    const { "awaited by the doctor": awaited, "waiting after a late join": late } = CONSULTATIONS;
    const miss = REQUESTS["mark the patient's no-show"];
    const refusal = expect.objectContaining({ reason: "LICENSE_NOT_VERIFIED" });
    expect(() => transitionsNow(unlicensed(waiting), REQUESTS.start, start, TIMES)).toThrow(refusal);
    expect(() => becomesReady(unlicensed(scheduled), start, TIMES)).toThrow(refusal);
    for (const missed of [scheduled, awaited, late])
      expect(() => transitionsNow(unlicensed(missed), miss, at(20), TIMES)).toThrow(refusal);
    expect(transitionsNow(unlicensed(waiting), REQUESTS["mark the doctor's no-show"], at(20), TIMES)).toBe(
      true,
    );
    const started = unlicensed(CONSULTATIONS["in progress"]);
    expect(transitionsNow(started, REQUESTS.complete, start, TIMES)).toBe(true);
    expect(transitionsNow(started, REQUESTS.start, start, TIMES)).toBe(false);
  },
);

test("a licence is valid through its last day; a no-show requires it at the start only", () => {
  const midnight = new Date("2030-01-02T00:00:00Z");
  const lastDay = new Date("2030-01-01T00:00:00Z");
  const before = (minutes: number) => new Date(midnight.getTime() - minutes * MINUTE_MS);
  const late = { startTime: before(10), endTime: at(60 * 24), licensedUntil: lastDay };
  const refusal = expect.objectContaining({ reason: "LICENSE_NOT_VERIFIED" });
  expect(transitionsNow({ ...waiting, ...late }, REQUESTS.start, before(0.1), TIMES)).toBe(true);
  expect(becomesReady({ ...scheduled, ...late }, before(10), TIMES)).toBe(true);
  expect(() => transitionsNow({ ...waiting, ...late }, REQUESTS.start, midnight, TIMES)).toThrow(refusal);
  const awaited = { ...CONSULTATIONS["awaited by the doctor"], ...late };
  expect(transitionsNow(awaited, REQUESTS["mark the patient's no-show"], before(-5), TIMES)).toBe(true);
});

test("a consultation is over in every status that it cannot leave", () => {
  const open = Object.values(CONSULTATIONS).filter(({ status }) => !isOver(status));
  expect(new Set(open.map(({ status }) => status))).toEqual(new Set(["SCHEDULED", "WAITING", "IN_PROGRESS"]));
});

const { "awaited by the doctor": AWAITED, "waiting after a late join": LATE } = CONSULTATIONS;

test.each<[string, string | null, ConsultationFacts, keyof typeof REQUESTS, minutes: number]>([
  ["a patient joins in time", null, AWAITED, "join", 14.9],
  ["a patient joins after the doctor's wait", "PATIENT", AWAITED, "join", 15],
  ["a patient joins, and no doctor waited", null, scheduled, "join", 20],
  ["a patient joins who had not accepted the time", null, { ...AWAITED, movePending: true }, "join", 20],
  ["a doctor starts in time", null, waiting, "start", 14.9],
  ["a doctor starts after the patient's wait", "DOCTOR", waiting, "start", 15],
  ["a doctor starts, and the patient joined early", null, { ...waiting, joinTime: at(-10) }, "start", 14.9],
  ["a doctor starts, and the patient joined late", null, { ...waiting, joinTime: at(10) }, "start", 24.9],
  ["a doctor lets a patient wait who joined late", "DOCTOR", { ...waiting, joinTime: at(10) }, "start", 25],
  ["a doctor starts soon after a late join", "PATIENT", LATE, "start", 29],
  ["a consultation ends", "PATIENT", LATE, "complete", 60],
])("%s: the late party is %s", (_case, late, before, request, minutes) => {
  expect(latePartyAfter(before, REQUESTS[request], at(minutes), TIMES)).toBe(late);
});

test("a start keeps the late party if the time of joining is unknown", () => {
  const joined: ConsultationFacts = { ...waiting, joinTime: null, lateParty: "PATIENT" };
  expect(latePartyAfter(joined, REQUESTS.start, at(29), TIMES)).toBe("PATIENT");
});

test("an abandonment without a reason repeats one without a reason", () => {
  const transition: Transition = { to: "ABANDONED", by: "SERVICE" };
  expect(transitionsNow(CONSULTATIONS["abandoned by a cancellation"], transition, at(20), TIMES)).toBe(false);
});
