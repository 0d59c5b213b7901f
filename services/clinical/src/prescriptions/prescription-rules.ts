import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { repeatDiffers } from "@medconnect/platform/errors/repeat-differs.ts";
import type { Prescription_Status } from "@medconnect/proto/medconnect/clinical/v1/prescription_service.ts";

export type EndedStatus = "STOPPED" | "CANCELLED";

export interface PrescriptionFacts {
  status: Prescription_Status;
  expireTime: Date;
  /** Actor who stopped or cancelled the prescription; null if nobody did. */
  endedBy: string | null;
  endReason: string;
}

/** A request to end a prescription. */
export interface End {
  to: EndedStatus;
  actorId: string;
  reason: string;
}

/**
 * Status of a prescription at a time. From `expireTime`, an active prescription is EXPIRED, although the
 * database keeps ACTIVE.
 */
export function statusAt(
  { status, expireTime }: Pick<PrescriptionFacts, "status" | "expireTime">,
  now: Date,
): Prescription_Status {
  return status === "ACTIVE" && expireTime <= now ? "EXPIRED" : status;
}

/**
 * True if a prescription is to be ended now. False for a repeated request: the same actor has already ended
 * the prescription in the same way, for the same reason. Throws ILLEGAL_TRANSITION.
 */
export function endsNow(prescription: PrescriptionFacts, { to, actorId, reason }: End, now: Date): boolean {
  const current = statusAt(prescription, now);
  if (current === "ACTIVE") return true;
  if (current === to) {
    if (prescription.endedBy === actorId && prescription.endReason === reason) return false;
    throw repeatDiffers(current);
  }
  throw new ApiError("ILLEGAL_TRANSITION", { metadata: { current, requested: to, allowed: "" } });
}
