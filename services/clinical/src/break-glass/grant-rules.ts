import { ApiError } from "@medconnect/platform/errors/api-error.ts";

/** Time at which auth made a grant, and the end of the grant. */
export interface GrantTimes {
  occurTime: Date;
  endTime: Date;
}

export interface GrantLimits {
  /** Maximum length of a grant, in ms (BREAK_GLASS_TTL). */
  readonly maxMs: number;
  /** Maximum time by which auth's clock may be ahead of clinical's, in ms. */
  readonly skewMs: number;
}

/** Checks the times of a grant. Throws INVALID_REQUEST if the grant is too long or was made in the future. */
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
