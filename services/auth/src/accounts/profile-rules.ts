import { updatableFields } from "@medconnect/platform/api/update-mask.ts";
import { invalidField } from "@medconnect/platform/errors/api-error.ts";
import type { Profile } from "./account.ts";

export const PROFILE_FIELDS = updatableFields<Profile>("medconnect.auth.v1.UpdateMeRequest");

/**
 * Throws INVALID_REQUEST for a date of birth in the future, which the contract's field rules cannot detect.
 */
export function assertBorn({ dateOfBirth }: Profile, now: Date): void {
  if (dateOfBirth > latestToday(now)) throw invalidField("user.date_of_birth", "must not be in the future");
}

/** The latest date that is today in any time zone: the date in UTC+14. */
function latestToday(now: Date): string {
  return new Date(now.getTime() + 14 * 3_600_000).toISOString().slice(0, 10);
}
