import type { ConsultationFacts, Step } from "../consultations/consultation-rules.ts";

/**
 * The step that the clock takes. If the patient waits until the end, the doctor was missing. If it was unattended or the
 * patient was late, both count as missing `unattendedAfterMs` after the end.
 */
export function stepOfTime(
  { status, endTime, lateParty }: Pick<ConsultationFacts, "status" | "endTime" | "lateParty">,
  now: Date,
  unattendedAfterMs: number,
): Step | undefined {
  if (status === "WAITING" && lateParty !== "PATIENT" && now >= endTime)
    return { to: "NO_SHOW", by: "SERVICE", party: "DOCTOR" };
  const isOpen = status === "WAITING" || status === "SCHEDULED";
  if (isOpen && now.getTime() >= endTime.getTime() + unattendedAfterMs)
    return { to: "NO_SHOW", by: "SERVICE", party: "BOTH" };
  return undefined;
}
