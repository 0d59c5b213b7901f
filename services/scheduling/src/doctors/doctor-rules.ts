import { invalidField } from "@medconnect/platform/errors/api-error.ts";
import type { Doctor } from "@medconnect/proto/medconnect/scheduling/v1/doctor_service.ts";

/** The profile with time zone and languages in their canonical spelling. Throws INVALID_REQUEST. */
export function normalized(doctor: Doctor): Doctor {
  return {
    ...doctor,
    timeZone: doctor.timeZone === "" ? "UTC" : canonicalTimeZone(doctor.timeZone),
    languages: doctor.languages.map((tag) => canonicalLanguage(tag, "doctor.languages")),
  };
}

function canonicalTimeZone(name: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    throw invalidField("doctor.time_zone", "must be an IANA time zone, such as Europe/Berlin");
  }
}

/** RFC 5646 §4.5. */
export function canonicalLanguage(tag: string, field: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0]!;
  } catch {
    throw invalidField(field, "must be BCP 47, such as de-CH");
  }
}
