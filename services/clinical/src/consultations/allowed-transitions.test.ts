import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { cancellationTransition } from "../bookings/booking-event-rules.ts";
import { timeoutTransition } from "../no-shows/no-show-rules.ts";
import {
  at,
  CONSULTATIONS,
  factsAfter,
  REQUESTS,
  scheduled,
  TIMES,
  UNATTENDED_AFTER_MS,
} from "../testing/consultation-facts.ts";
import { type ConsultationFacts, type Transition, transitionsNow } from "./consultation-rules.ts";

type Cause = Transition | "cancellation" | "clock";

/**
 * Random sequences of causes that can change a consultation: requests of patient or doctor, cancellations,
 * and time-outs ("clock"). `minutes` counts from the start of the appointment.
 */
const histories = fc.array(
  fc.record({
    minutes: fc.oneof(fc.integer({ min: -30, max: 60 }), fc.constant(200)),
    cause: fc.constantFrom<Cause>(...Object.values(REQUESTS), "cancellation", "clock"),
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

/** Transition that a cause leads to; undefined if the transition repeats the last one, or is refused. */
function transitionOf(consultation: ConsultationFacts, cause: Cause, now: Date): Transition | undefined {
  if (cause === "cancellation") return cancellationTransition(consultation);
  if (cause === "clock") return timeoutTransition(consultation, now, UNATTENDED_AFTER_MS);
  try {
    return transitionsNow(consultation, cause, now, TIMES) ? cause : undefined;
  } catch {
    return undefined;
  }
}

test("random histories make exactly the allowed transitions, and none leaves a final status", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(histories, fc.boolean(), (history, isAwaited) => {
      let consultation: ConsultationFacts = isAwaited ? CONSULTATIONS["awaited by the doctor"] : scheduled;
      for (const { cause, minutes } of history) {
        const transition = transitionOf(consultation, cause, at(minutes));
        if (!transition) continue;
        const change = `${consultation.status}>${transition.to}`;
        expect(ALLOWED).toContain(change);
        seen.add(change);
        consultation = factsAfter(consultation, transition, at(minutes));
      }
    }),
    { numRuns: 2000, seed: 1 },
  );
  expect([...seen].sort()).toEqual(ALLOWED.toSorted());
});
