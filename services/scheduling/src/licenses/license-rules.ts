import { type CalendarDate, dateOf, isCalendarDate } from "@medconnect/platform/calendar-date.ts";
import { ApiError, type FieldViolation, invalidField } from "@medconnect/platform/errors/api-error.ts";
import { canonicalRegion } from "@medconnect/platform/regions.ts";
import type { License_Status } from "@medconnect/proto/medconnect/scheduling/v1/license_service.ts";

/** Undecided and valid licences a doctor can have: they are all read with the profile. */
export const MAX_LICENSES = 20;
/** Stored for a licence that does not end. */
export const NO_EXPIRY: CalendarDate = "9999-12-31";
/** After this, dates are typing errors. */
const LAST_EXPIRY: CalendarDate = "2200-12-31";

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

/** Names of a claim's fields in the request that makes it. */
export interface ClaimFields {
  region: string;
  expireDate: string;
}

/** The claim in canonical spelling. Throws INVALID_REQUEST for an unknown region, and a date that is none or is over. */
export function canonicalClaim(claim: Claim, now: Date, fields: ClaimFields): Claim {
  const region = canonicalRegion(claim.region);
  const violations: FieldViolation[] = [];
  if (!region) {
    violations.push({
      field: fields.region,
      description: `"${claim.region}" is not an ISO 3166-1 alpha-2 or ISO 3166-2 code, such as DE or US-CA`,
    });
  }
  const wrong = expiryViolation(claim.expireDate, now);
  if (wrong) violations.push({ field: fields.expireDate, description: wrong });
  if (!region || violations.length > 0) throw new ApiError("INVALID_REQUEST", { violations });
  return { ...claim, region };
}

function expiryViolation(date: string, now: Date): string | undefined {
  if (date === "") return undefined;
  if (!isCalendarDate(date)) return "must be a day of the calendar, such as 2030-12-31";
  if (date < dateOf(now)) return "must not be in the past";
  if (date > LAST_EXPIRY) return `must not be after ${LAST_EXPIRY}`;
  return undefined;
}

/** A region to look for, in its canonical spelling; undefined where none is asked for. Throws INVALID_REQUEST. */
export function askedRegion(text: string): string | undefined {
  if (text === "") return undefined;
  const region = canonicalRegion(text);
  if (!region) {
    throw invalidField(
      "region",
      `"${text}" is not an ISO 3166-1 alpha-2 or ISO 3166-2 code, such as DE or US-CA`,
    );
  }
  return region;
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
