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
  const take = (transition: Transition, minutes: number | undefined) => {
    if (minutes === undefined) return;
    transitionsNow(its, transition, at(minutes), TIMES);
    its = factsAfter(its, transition, at(minutes));
  };
  try {
    take(REQUESTS.join, joins);
    take(REQUESTS.start, starts);
    take(REQUESTS["mark the patient's no-show"], misses);
    if (its.status === "IN_PROGRESS") take(REQUESTS.complete, 40);
  } catch (error) {
    return (error as { reason: string }).reason;
  }
  const transition =
    timeoutTransition(its, at(30), UNATTENDED_AFTER_MS) ??
    timeoutTransition(its, at(150), UNATTENDED_AFTER_MS);
  if (transition) its = factsAfter(its, transition, at(150));
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
      const joined = factsAfter(waited, REQUESTS.join, at(joins * length), times);
      const miss = () =>
        transitionsNow(joined, REQUESTS["mark the patient's no-show"], at(length - 0.001), times);
      const wait = noShowAfter < length ? noShowAfter : length / 2;
      // The clock has whole milliseconds.
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
