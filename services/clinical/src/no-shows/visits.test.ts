import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  type ConsultationFacts,
  type Transition,
  transitionsNow,
} from "../consultations/consultation-rules.ts";
import {
  at,
  CONSULTATIONS,
  factsAfter,
  MINUTE_MS,
  REQUESTS,
  scheduled,
  start,
  TIMES,
  UNATTENDED_AFTER_MS,
} from "../testing/consultation-facts.ts";
import { timeoutTransition } from "./no-show-rules.ts";

/** Actions of patient and doctor in a consultation. Numbers are minutes after the start. */
interface Visit {
  /** True if the doctor calls `:ready` at the start. */
  isReady?: boolean;
  movePending?: boolean;
  joins?: number;
  starts?: number;
  /** Minute in which the doctor reports the patient's no-show. */
  misses?: number;
}

/**
 * Final status of a consultation of 30 minutes, after the actions of a visit and then the sweep; or the
 * reason why an action was refused.
 */
function endOf({ isReady, movePending, joins, starts, misses }: Visit): string {
  let consultation: ConsultationFacts = {
    ...scheduled,
    doctorReadyTime: isReady ? start : null,
    movePending: movePending === true,
  };
  const take = (transition: Transition, minutes: number | undefined) => {
    if (minutes === undefined) return;
    transitionsNow(consultation, transition, at(minutes), TIMES);
    consultation = factsAfter(consultation, transition, at(minutes));
  };
  try {
    take(REQUESTS.join, joins);
    take(REQUESTS.start, starts);
    take(REQUESTS["mark the patient's no-show"], misses);
    if (consultation.status === "IN_PROGRESS") take(REQUESTS.complete, 40);
  } catch (error) {
    return (error as { reason: string }).reason;
  }
  const transition =
    timeoutTransition(consultation, at(30), UNATTENDED_AFTER_MS) ??
    timeoutTransition(consultation, at(150), UNATTENDED_AFTER_MS);
  if (transition) consultation = factsAfter(consultation, transition, at(150));
  return consultation.status === "NO_SHOW"
    ? `NO_SHOW ${consultation.noShowParty}`
    : `${consultation.status}, late: ${consultation.lateParty}`;
}

test.each<[string, Visit, string]>([
  ["both in time", { isReady: true, joins: 0, starts: 1 }, "COMPLETED, late: null"],
  ["patient in time, doctor just in time", { joins: -15, starts: 14.9 }, "COMPLETED, late: null"],
  ["patient in time, doctor late", { joins: -15, starts: 15 }, "COMPLETED, late: DOCTOR"],
  ["patient in time, doctor in the last second", { joins: 0, starts: 29.99 }, "COMPLETED, late: DOCTOR"],
  [
    "patient in time, ready doctor in the last second",
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
  ["patient in time, and reported missing", { isReady: true, joins: 14.9, misses: 15 }, "ILLEGAL_TRANSITION"],
  [
    "patient late, doctor ready and starts",
    { isReady: true, joins: 15, starts: 29.9 },
    "COMPLETED, late: PATIENT",
  ],
  [
    "patient late, and reported missing by a ready doctor",
    { isReady: true, joins: 15, misses: 15 },
    "NO_SHOW PATIENT",
  ],
  ["patient in the last second, doctor ready", { isReady: true, joins: 29.99 }, "NO_SHOW BOTH"],
  [
    "patient in the last second, and reported missing",
    { isReady: true, joins: 29.99, misses: 29.995 },
    "NO_SHOW PATIENT",
  ],
  ["patient late, doctor never", { joins: 29.99 }, "NO_SHOW DOCTOR"],
  [
    "patient late, and reported missing by a doctor who was not ready",
    { joins: 15, misses: 16 },
    "ILLEGAL_TRANSITION",
  ],
  ["patient late, doctor not ready, and starts", { joins: 20, starts: 29.9 }, "COMPLETED, late: null"],
  ["patient never, doctor ready", { isReady: true }, "NO_SHOW BOTH"],
  ["patient never, and reported missing by a ready doctor", { isReady: true, misses: 15 }, "NO_SHOW PATIENT"],
  ["neither ever", {}, "NO_SHOW BOTH"],
  [
    "patient late for a time never accepted",
    { isReady: true, movePending: true, joins: 20 },
    "NO_SHOW DOCTOR",
  ],
  [
    "patient late for a time never accepted, and reported missing",
    { isReady: true, movePending: true, joins: 20, misses: 21 },
    "ILLEGAL_TRANSITION",
  ],
])("%s: %j ends as %s", (_who, visit, end) => {
  expect(endOf(visit)).toBe(end);
});

test("a punctual party is neither missing nor late, for all arrivals and lengths", () => {
  const minutes = fc.integer({ min: 1, max: 720 });
  const share = fc.double({ min: 0, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(minutes, minutes, share, share, (length, noShowAfter, joins, starts) => {
      const times = { ...TIMES, noShowAfterMs: noShowAfter * MINUTE_MS };
      const waited = { ...CONSULTATIONS["awaited by the doctor"], endTime: at(length) };
      const joined = factsAfter(waited, REQUESTS.join, at(joins * length), times);
      const miss = () =>
        transitionsNow(joined, REQUESTS["mark the patient's no-show"], at(length - 0.001), times);
      const wait = noShowAfter < length ? noShowAfter : length / 2;
      // The limit itself is not tested, because times are rounded to whole milliseconds.
      if (Math.abs(joins * length - wait) < 0.001) return;
      if (joins * length < wait)
        expect(miss).toThrow(expect.objectContaining({ reason: "ILLEGAL_TRANSITION" }));
      else expect(miss()).toBe(true);
      const startsAt = joins * length + starts * (length - joins * length);
      const started = factsAfter(joined, REQUESTS.start, at(startsAt), times);
      if (Math.abs(startsAt - joins * length - wait) < 0.001) return;
      expect(started.lateParty === "DOCTOR").toBe(startsAt - joins * length > wait);
    }),
  );
});
