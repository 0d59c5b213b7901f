import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Prescription_Status } from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";

/** How a prescription ends before its time. */
export type EndedStatus = "STOPPED" | "CANCELLED";

export interface PrescriptionFacts {
  status: Prescription_Status;
  expireTime: Date;
  /** The actor who ended it. */
  endedBy: string | null;
}

/** A prescription's status at a time: an active one reads as expired once its time is over. */
export function statusAt(
  { status, expireTime }: Pick<PrescriptionFacts, "status" | "expireTime">,
  now: Date,
): Prescription_Status {
  return status === "ACTIVE" && expireTime <= now ? "EXPIRED" : status;
}

/**
 * Whether an actor ends a prescription now; false where the same actor has ended it the same way already.
 * Throws ILLEGAL_TRANSITION.
 */
export function endsNow(
  prescription: PrescriptionFacts,
  to: EndedStatus,
  actorId: string,
  now: Date,
): boolean {
  const current = statusAt(prescription, now);
  if (current === "ACTIVE") return true;
  if (current === to && prescription.endedBy === actorId) return false;
  throw new ApiError("ILLEGAL_TRANSITION", { metadata: { current, requested: to, allowed: "" } });
}
