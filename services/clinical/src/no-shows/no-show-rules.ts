import type { ConsultationFacts, Transition } from "../consultations/consultation-rules.ts";

/**
 * Transition that is due because time has passed; undefined if none is due. If a punctual patient waited
 * until the end, it is a no-show of the doctor. If the consultation has not started `unattendedAfterMs` after
 * its end, it is a no-show of both patient and doctor.
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
