import type { ConsultationFacts, Transition } from "../consultations/consultation-rules.ts";

/**
 * Transition that is due by time alone. If a punctual patient waited until the end, the doctor missed the
 * consultation. If it has not started `unattendedAfterMs` after its end, both missed it.
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
