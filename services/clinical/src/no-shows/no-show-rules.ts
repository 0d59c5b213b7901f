import type { ConsultationFacts, Transition } from "../consultations/consultation-rules.ts";

/**
 * The transition that the clock makes. A punctual patient who waits until the end makes it the doctor's
 * no-show. A consultation that has not started `unattendedAfterMs` after its end is a no-show of both.
 */
export function timeoutTransition(
  { status, endTime, lateParty }: Pick<ConsultationFacts, "status" | "endTime" | "lateParty">,
  now: Date,
  unattendedAfterMs: number,
): Transition | undefined {
  if (status === "WAITING" && lateParty !== "PATIENT" && now >= endTime)
    return { to: "NO_SHOW", by: "SERVICE", party: "DOCTOR" };
  const isOpen = status === "WAITING" || status === "SCHEDULED";
  if (isOpen && now.getTime() >= endTime.getTime() + unattendedAfterMs)
    return { to: "NO_SHOW", by: "SERVICE", party: "BOTH" };
  return undefined;
}
