import { type CalendarDate, dateOf } from "@medconnect/platform/calendar-date.ts";
import { ApiError, invalidField } from "@medconnect/platform/errors/api-error.ts";
import { canonicalRegion } from "@medconnect/platform/regions.ts";
import type { License_Status } from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";

/** Undecided and valid licences a doctor can have: they are all read with the profile. */
export const MAX_LICENSES = 20;
/** Stored for a licence that does not end. */
export const NO_EXPIRY: CalendarDate = "9999-12-31";

/** The date as the API shows it: empty for a licence that does not end. */
export const shownDate = (date: CalendarDate): string => (date === NO_EXPIRY ? "" : date);

/** State as stored; a replaced licence shows as EXPIRED. */
export type StoredStatus = "PENDING" | "VERIFIED" | "REJECTED" | "REVOKED" | "REPLACED";

/** A licence as a doctor claims it. */
export interface Claim {
  number: string;
  region: string;
  /** "" where it does not end. */
  expireDate: string;
}

/** Throws INVALID_REQUEST for a last day that is over. @param field that has the day */
export function assertNotOver({ expireDate }: Claim, now: Date, field: string): void {
  if (expireDate !== "" && expireDate < dateOf(now)) throw invalidField(field, "must not be in the past");
}

/** State of a licence on a day: what is not ended otherwise expires after its last day. */
export function statusOn(
  { status, expireDate }: { status: StoredStatus; expireDate: CalendarDate },
  today: CalendarDate,
): License_Status {
  if (status === "REPLACED") return "EXPIRED";
  const isOver = (status === "PENDING" || status === "VERIFIED") && expireDate < today;
  return isOver ? "EXPIRED" : status;
}

export type Decision = "VERIFIED" | "REJECTED" | "REVOKED";

/**
 * Decides about a licence. A verified one whose date is over can be revoked still: that frees its number for others.
 * Throws ILLEGAL_TRANSITION.
 *
 * @returns whether there is something to do: not where it is decided that way already
 */
export function assertDecidable(
  license: { status: StoredStatus; expireDate: CalendarDate; region: string },
  decision: Decision,
  today: CalendarDate,
): boolean {
  const current = statusOn(license, today);
  if (current === decision) return false;
  const allowed = allowedFrom(license, current);
  if (allowed.includes(decision)) return true;
  throw new ApiError("ILLEGAL_TRANSITION", {
    metadata: { current, requested: decision, allowed: allowed.join(",") },
  });
}

function allowedFrom(
  { status, region }: { status: StoredStatus; region: string },
  current: License_Status,
): Decision[] {
  if (status === "VERIFIED") return ["REVOKED"];
  if (status !== "PENDING") return [];
  // Profiles older than licences have regions in free text, and nobody is licensed for those.
  const isVerifiable = current === "PENDING" && canonicalRegion(region) !== undefined;
  return isVerifiable ? ["VERIFIED", "REJECTED"] : ["REJECTED"];
}
