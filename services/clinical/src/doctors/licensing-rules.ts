import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type CalendarDate, dateOf } from "@medconnect/platform/time/calendar-date.ts";

/**
 * Checks that a doctor may treat patients at a time. A licence is valid through its last day, UTC.
 * Throws LICENSE_NOT_VERIFIED.
 *
 * @param until last day of the doctor's verified licences; null without one
 */
export function assertLicensed(until: Date | null, now: Date): void {
  if (!until || dateOf(until) < dateOf(now)) throw new ApiError("LICENSE_NOT_VERIFIED");
}

/**
 * Latest issue time of the prescriptions that an order stops. It is the time of the order. For a doctor who
 * has lost the last licence, it is the arrival of the order at clinical, because until then the doctor could
 * still prescribe.
 *
 * @param licensedUntil last day of the verified licences, from the event with the order
 */
export function stopBound(stopTime: Date, licensedUntil: CalendarDate | null, now: Date): Date {
  const isLicensed = licensedUntil !== null && licensedUntil >= dateOf(now);
  return isLicensed || now < stopTime ? stopTime : now;
}
