import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { CLOCK_SKEW_MS } from "@medconnect/platform/identity/access-tokens.ts";

/** Times of a grant's event: occurrence and end of the grant. */
export interface ToldTimes {
  occurTime: Date;
  endTime: Date;
}

/** Throws INVALID_REQUEST for a grant from the future, or of more than `maxMs` (BREAK_GLASS_TTL). */
export function assertPlausible({ occurTime, endTime }: ToldTimes, maxMs: number, now: Date): void {
  const isFuture = occurTime.getTime() > now.getTime() + CLOCK_SKEW_MS;
  const isTooLong = endTime.getTime() > occurTime.getTime() + maxMs;
  if (!isFuture && !isTooLong) return;
  const [told, end] = [occurTime.toISOString(), endTime.toISOString()];
  throw new ApiError("INVALID_REQUEST", {
    detail: `A grant of ${told} until ${end} is refused: the maximum is ${maxMs / 1000} s.`,
  });
}
