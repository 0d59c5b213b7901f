import { ApiError, invalidField } from "@medconnect/platform/errors/api-error.ts";
import { repeatDiffers } from "@medconnect/platform/errors/repeat-differs.ts";
import { type CalendarDate, dateOf } from "@medconnect/platform/time/calendar-date.ts";
import type { License_Status } from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";

/**
 * Maximum number of a doctor's pending and valid licences. There is a limit, because the profile shows all of
 * them.
 */
export const MAX_LICENSES = 20;
/** Stored expire date of an unlimited licence. */
export const NO_EXPIRY: CalendarDate = "9999-12-31";

/** Converts a stored expire date to the expire date in the API, which is empty for an unlimited licence. */
export const shownDate = (date: CalendarDate): string => (date === NO_EXPIRY ? "" : date);

/** Status in the database. The API shows REPLACED as EXPIRED. */
export type StoredStatus = "PENDING" | "VERIFIED" | "REJECTED" | "REVOKED" | "REPLACED";

/** A licence that a doctor claims to have. */
export interface Claim {
  number: string;
  region: string;
  /** Last day on which the licence is valid; "" if unlimited. */
  expireDate: string;
}

/**
 * Checks that a licence is not over. Throws INVALID_REQUEST if its last day is in the past.
 *
 * @param field name of the field for the last day in the request, for the error
 */
export function assertNotOver({ expireDate }: Claim, now: Date, field: string): void {
  if (expireDate !== "" && expireDate < dateOf(now)) throw invalidField(field, "must not be in the past");
}

/** Status of a licence on a day. A pending or verified licence is EXPIRED after its last day. */
export function statusOn(
  { status, expireDate }: { status: StoredStatus; expireDate: CalendarDate },
  today: CalendarDate,
): License_Status {
  if (status === "REPLACED") return "EXPIRED";
  const isOver = (status === "PENDING" || status === "VERIFIED") && expireDate < today;
  return isOver ? "EXPIRED" : status;
}

export type Decision = "VERIFIED" | "REJECTED" | "REVOKED";

/** Stored state of a licence that a decision depends on. */
export interface LicenseFacts {
  status: StoredStatus;
  expireDate: CalendarDate;
  /** Reason of the last decision; "" without one. */
  reason: string;
}

/**
 * Checks that a licence's state allows a decision. An expired licence that was verified can still be revoked,
 * so that another licence with the same number can be verified. Throws ILLEGAL_TRANSITION.
 *
 * @returns false if the same decision was made already, for the same reason
 */
export function assertDecidable(
  license: LicenseFacts,
  { decision, reason }: { decision: Decision; reason: string },
  today: CalendarDate,
): boolean {
  const current = statusOn(license, today);
  if (current === decision) {
    if (license.reason === reason) return false;
    throw repeatDiffers(current);
  }
  const allowed = allowedFrom(license.status, current);
  if (allowed.includes(decision)) return true;
  throw new ApiError("ILLEGAL_TRANSITION", {
    metadata: { current, requested: decision, allowed: allowed.join(",") },
  });
}

/** Names that a verification compares, code point by code point. */
export interface VerificationNames {
  /** Name of the account that the admin saw and compared with the licence. */
  seen: string;
  account: string;
  /** Name of the account at the last verification; null before the first verification. */
  verified: string | null;
}

/**
 * Checks the verification of a licence, or of the new name of its account. Throws ILLEGAL_TRANSITION,
 * NAME_DIFFERS.
 *
 * @returns false if the licence is already verified with this name
 */
export function assertVerifiable(
  license: LicenseFacts,
  { seen, account, verified }: VerificationNames,
  today: CalendarDate,
): boolean {
  const isNew = assertDecidable(license, { decision: "VERIFIED", reason: "" }, today);
  if (!isNew && seen === verified) return false;
  if (seen !== account) throw new ApiError("NAME_DIFFERS");
  return true;
}

function allowedFrom(stored: StoredStatus, current: License_Status): Decision[] {
  if (stored === "VERIFIED") return ["REVOKED"];
  if (stored !== "PENDING") return [];
  return current === "PENDING" ? ["VERIFIED", "REJECTED"] : ["REJECTED"];
}
