import { ApiError } from "@medconnect/platform/errors/api-error.ts";

/** Times of a grant's event: its occurrence, and the end of the grant. */
export interface GrantTimes {
  occurTime: Date;
  endTime: Date;
}

export interface GrantLimits {
  /** Maximum length of a grant, in ms (BREAK_GLASS_TTL). */
  readonly maxMs: number;
  /** Maximum lead of auth's clock, in ms. */
  readonly skewMs: number;
}

/** Throws INVALID_REQUEST for a grant that is too long or from the future. */
export function assertPlausible(
  { occurTime, endTime }: GrantTimes,
  { maxMs, skewMs }: GrantLimits,
  now: Date,
): void {
  const isFuture = occurTime.getTime() > now.getTime() + skewMs;
  const isTooLong = endTime.getTime() > occurTime.getTime() + maxMs;
  if (!isFuture && !isTooLong) return;
  const [from, until] = [occurTime.toISOString(), endTime.toISOString()];
  throw new ApiError("INVALID_REQUEST", {
    detail: `A grant of ${from} until ${until} is refused: the maximum is ${maxMs / 1000} s.`,
  });
}
