import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type CalendarDate, dateOf } from "@medconnect/platform/time/calendar-date.ts";

/**
 * Checks that a doctor may treat at a time. A licence holds through its last day, UTC. Throws LICENSE_NOT_VERIFIED.
 *
 * @param until last day of the doctor's verified licences; null without one
 */
export function assertLicensed(until: Date | null, now: Date): void {
  if (!until || dateOf(until) < dateOf(now)) throw new ApiError("LICENSE_NOT_VERIFIED");
}

/**
 * Latest issue time of prescriptions that an order stops. A doctor without a licence could still prescribe here until the order
 * arrived. A doctor with another or a new licence by then continues to prescribe.
 *
 * @param licensedUntil as it comes with the order
 */
export function stopBound(stopTime: Date, licensedUntil: CalendarDate | null, now: Date): Date {
  const isLicensed = licensedUntil !== null && licensedUntil >= dateOf(now);
  return isLicensed || now < stopTime ? stopTime : now;
}
