import { expect, test } from "@jest/globals";
import type { ConsultationFacts } from "../consultations/consultation-rules.ts";
import { at, CONSULTATIONS, UNATTENDED_AFTER_MS } from "../testing/consultation-facts.ts";
import { timeoutTransition } from "./no-show-rules.ts";

const { waiting } = CONSULTATIONS;

const afterTime = (consultation: ConsultationFacts, minutes: number) =>
  timeoutTransition(consultation, at(minutes), UNATTENDED_AFTER_MS);

test("a patient who waits until the end makes it a doctor no-show", () => {
  expect(afterTime(waiting, 29.9)).toBeUndefined();
  expect(afterTime(waiting, 30)).toEqual({ to: "NO_SHOW", by: "SERVICE", party: "DOCTOR" });
});

test.each([
  "scheduled",
  "awaited by the doctor",
  "rescheduled without acceptance",
  "waiting after a late join",
] as const)("%s: two hours after its end it is a no-show of both", (name) => {
  expect(afterTime(CONSULTATIONS[name], 149.9)).toBeUndefined();
  expect(afterTime(CONSULTATIONS[name], 150)).toEqual({ to: "NO_SHOW", by: "SERVICE", party: "BOTH" });
});

test("the clock does not end a started or ended consultation", () => {
  const others = Object.values(CONSULTATIONS).filter(
    ({ status }) => status !== "WAITING" && status !== "SCHEDULED",
  );
  for (const other of others) expect(afterTime(other, 3000)).toBeUndefined();
});
