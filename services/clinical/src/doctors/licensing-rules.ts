import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type CalendarDate, dateOf } from "@medconnect/platform/time/calendar-date.ts";

/**
 * Checks that a doctor may treat patients at the time `now`. A licence is valid through its last day, UTC.
 * Throws LICENSE_NOT_VERIFIED.
 *
 * @param until last day of the doctor's verified licences; null without a verified licence
 */
export function assertLicensed(until: Date | null, now: Date): void {
  if (!until || dateOf(until) < dateOf(now)) throw new ApiError("LICENSE_NOT_VERIFIED");
}

/**
 * Latest issue time of the prescriptions that an admin's order stops. For a doctor who still has a valid
 * licence, this is the time of the order. For all other doctors, this is the time at which the order arrived
 * at clinical, because the doctor could still prescribe until then.
 *
 * @param licensedUntil last day of the verified licences, from the event that contains the order
 */
export function stopBound(stopTime: Date, licensedUntil: CalendarDate | null, now: Date): Date {
  const isLicensed = licensedUntil !== null && licensedUntil >= dateOf(now);
  return isLicensed || now < stopTime ? stopTime : now;
}
