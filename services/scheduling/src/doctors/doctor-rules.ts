import { dateOf } from "@medconnect/platform/calendar-date.ts";
import { invalidField } from "@medconnect/platform/errors/api-error.ts";
import type { Doctor } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";

/** The time zone and languages of a profile in their canonical spelling. Throws INVALID_REQUEST. @param path of the profile */
export function canonicalTags(
  { timeZone, languages }: Pick<Doctor, "timeZone" | "languages">,
  path: string,
): Pick<Doctor, "timeZone" | "languages"> {
  return {
    timeZone: timeZone === "" ? "UTC" : canonicalTimeZone(timeZone, `${path}time_zone`),
    languages: languages.map((tag) => canonicalLanguage(tag, `${path}languages`)),
  };
}

function canonicalTimeZone(name: string, field: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    throw invalidField(field, "must be an IANA time zone, such as Europe/Berlin");
  }
}

/**
 * Whether a doctor practises at an instant: the account is enabled, and a verified licence valid on that day (UTC). Others
 * see, find and book only doctors who do.
 */
export function isPractising(
  { hidden, licensed_until: until }: { hidden: number; licensed_until: Date | null },
  instant: Date,
): boolean {
  return !hidden && until !== null && dateOf(until) >= dateOf(instant);
}

/** RFC 5646 §4.5. */
export function canonicalLanguage(tag: string, field: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0]!;
  } catch {
    throw invalidField(field, "must be BCP 47, such as de-CH");
  }
}
