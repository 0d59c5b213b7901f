import { expect, test } from "@jest/globals";
import type { ConsultationFacts } from "../consultations/consultation-rules.ts";
import { at, CONSULTATIONS, UNATTENDED_AFTER_MS } from "../testing/consultation-facts.ts";
import { timeoutTransition } from "./no-show-rules.ts";

const { waiting } = CONSULTATIONS;

const afterTime = (consultation: ConsultationFacts, minutes: number) =>
  timeoutTransition(consultation, at(minutes), UNATTENDED_AFTER_MS);

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
