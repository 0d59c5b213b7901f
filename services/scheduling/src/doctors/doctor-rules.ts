import { dateOf } from "@medconnect/platform/time/calendar-date.ts";

/** Default time zone of a doctor. */
export const DEFAULT_TIME_ZONE = "UTC";

/**
 * True if a doctor practises at a time: the account is enabled, and a verified licence is valid on that day (UTC). Others
 * see, find and book only practising doctors.
 */
export function isPractising(
  { hidden, licensed_until: until }: { hidden: number; licensed_until: Date | null },
  instant: Date,
): boolean {
  return !hidden && until !== null && dateOf(until) >= dateOf(instant);
}
