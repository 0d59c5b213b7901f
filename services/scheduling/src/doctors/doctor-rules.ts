import { dateOf } from "@medconnect/platform/time/calendar-date.ts";

/** Default time zone of a doctor. */
export const DEFAULT_TIME_ZONE = "UTC";

/** Facts about a doctor that decide who can see and book the doctor. */
export interface Practice {
  id: string;
  /** True if the account is disabled. */
  hidden: boolean;
  /** Last day on which a verified licence of the doctor is valid; null without a verified licence. */
  licensedUntil: Date | null;
}

/**
 * True if a doctor practises at a time: the account is enabled, and a verified licence is valid on that day
 * (UTC). Users other than the doctor can see, find and book only a practising doctor.
 */
export function isPractising({ hidden, licensedUntil: until }: Omit<Practice, "id">, instant: Date): boolean {
  return !hidden && until !== null && dateOf(until) >= dateOf(instant);
}

/**
 * True if a caller may see the doctor: everybody sees practising doctors, and doctors always see themselves.
 */
export const isVisibleTo = (doctor: Practice, callerId: string, now: Date): boolean =>
  doctor.id === callerId || isPractising(doctor, now);
