import { ApiError, type FieldViolation } from "@medconnect/platform/errors/api-error.ts";
import type { Updatable } from "@medconnect/platform/update-mask.ts";
import { canonicalName } from "./account-rules.ts";
import type { Profile } from "./account-store.ts";

/** What a user may change of their account. */
export const PROFILE_FIELDS: Updatable<Profile> = {
  updatable: ["fullName", "dateOfBirth", "phone", "timeZone", "locale"],
  immutable: [],
};

const EARLIEST_BIRTH = "1900-01-01";

/** The profile as it is kept. Throws INVALID_REQUEST for what the fields' own rules in the contract cannot tell. */
export function canonicalProfile(profile: Profile, now: Date): Profile {
  const fullName = canonicalName(profile.fullName);
  const violations = [
    ...(fullName === "" ? [violation("full_name", "must not be blank")] : []),
    ...dateOfBirthViolations(profile.dateOfBirth, now),
    ...(isTimeZone(profile.timeZone) ? [] : [violation("time_zone", "must be an IANA time zone")]),
    ...(isLocale(profile.locale) ? [] : [violation("locale", "must be a BCP 47 language tag")]),
  ];
  if (violations.length > 0) throw new ApiError("INVALID_REQUEST", { violations });
  return {
    fullName,
    dateOfBirth: profile.dateOfBirth,
    phone: profile.phone,
    timeZone: profile.timeZone,
    locale: profile.locale === "" ? "" : Intl.getCanonicalLocales(profile.locale)[0]!,
  };
}

export const sameProfile = (a: Profile, b: Profile): boolean =>
  PROFILE_FIELDS.updatable.every((field) => a[field] === b[field]);

/** Wants a day of the calendar (not 31 February) that has begun somewhere on earth, and in living memory. */
function dateOfBirthViolations(text: string, now: Date): FieldViolation[] {
  if (text === "") return [];
  const date = new Date(`${text}T00:00:00Z`);
  const isReal = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
  if (!isReal) return [violation("date_of_birth", "must be a day of the calendar")];
  if (text < EARLIEST_BIRTH) return [violation("date_of_birth", `must not be before ${EARLIEST_BIRTH}`)];
  if (text > latestToday(now)) return [violation("date_of_birth", "must not be in the future")];
  return [];
}

/** Today's date where the day begins first: UTC+14. */
function latestToday(now: Date): string {
  return new Date(now.getTime() + 14 * 3_600_000).toISOString().slice(0, 10);
}

/** Intl knows offsets such as "+01:00" as well; those follow no daylight saving, so they are not taken. */
function isTimeZone(name: string): boolean {
  if (name === "") return true;
  return /^[A-Za-z]/.test(name) && !throwsRangeError(() => new Intl.DateTimeFormat("en", { timeZone: name }));
}

function isLocale(tag: string): boolean {
  return tag === "" || !throwsRangeError(() => Intl.getCanonicalLocales(tag));
}

function throwsRangeError(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch (error) {
    if (error instanceof RangeError) return true;
    throw error;
  }
}

const violation = (field: string, description: string): FieldViolation => ({
  field: `user.${field}`,
  description,
});
