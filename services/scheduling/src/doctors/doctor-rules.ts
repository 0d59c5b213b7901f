import { dateOf } from "@medconnect/platform/calendar-date.ts";

/** Time zone of a doctor who names none. */
export const DEFAULT_TIME_ZONE = "UTC";

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
