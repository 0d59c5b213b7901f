import { expect, test } from "@jest/globals";
import { at, CONSULTATIONS, start } from "../testing/consultation-facts.ts";
import { cancellationTransition, closingTransition } from "./booking-event-rules.ts";

test.each([
  ["scheduled", "CANCELLED"],
  ["waiting", "CANCELLED"],
  ["in progress", "ABANDONED"],
  ["completed", undefined],
  ["cancelled", undefined],
  ["missed by the patient", undefined],
  ["abandoned", undefined],
] as const)("%s: the cancellation of its booking makes it %s", (consultation, to) => {
  const transition = to && { to, by: "SERVICE" };
  expect(cancellationTransition(CONSULTATIONS[consultation])).toEqual(transition);
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
  "%s: the closing of its booking ends it if it has not ended",
  (name) => {
    const consultation = CONSULTATIONS[name];
    const isOpen = ["SCHEDULED", "WAITING", "IN_PROGRESS"].includes(consultation.status);
    for (const [outcome, transition] of Object.entries(OUTCOMES)) {
      const taken = closingTransition(consultation, closing(outcome as keyof typeof OUTCOMES));
      expect(taken).toEqual(isOpen ? transition : undefined);
    }
  },
);

test("the closing of its booking replaces a no-show at an old or unaccepted time", () => {
  const missed = CONSULTATIONS["missed by the patient"];
  for (const times of [{ startTime: at(60), endTime: at(90) }, { startTime: at(10) }, { endTime: at(40) }]) {
    expect(closingTransition(missed, closing("COMPLETED", times))).toEqual(OUTCOMES.COMPLETED);
  }
  expect(closingTransition(missed, closing("COMPLETED", { movePending: true }))).toEqual(OUTCOMES.COMPLETED);
  const byDoctor = CONSULTATIONS["closed by the clock"];
  expect(closingTransition(byDoctor, closing("COMPLETED", { movePending: true }))).toBeUndefined();
});
