import { dateOf } from "@medconnect/platform/calendar-date.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";

/**
 * Lets a doctor treat at an instant. A licence holds through its last day, UTC. Throws LICENSE_NOT_VERIFIED.
 *
 * @param until last day of the doctor's verified licences; null without one
 */
export function assertLicensed(until: Date | null, now: Date): void {
  if (!until || dateOf(until) < dateOf(now)) throw new ApiError("LICENSE_NOT_VERIFIED");
}
