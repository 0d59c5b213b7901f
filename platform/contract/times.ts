import type { Timestamp } from "@bufbuild/protobuf/wkt";

/** Range of times, in seconds since the epoch. Narrow, so that arithmetic never overflows. */
const FIRST = BigInt(Date.parse("1900-01-01T00:00:00Z") / 1000);
const END = BigInt(Date.parse("2201-01-01T00:00:00Z") / 1000);

/** Mistake in a time, or undefined. CEL rules throw for many of the numbers that messages may hold. */
export function mistakeInTime({ seconds, nanos }: Timestamp): string | undefined {
  const isTime = nanos >= 0 && nanos < 1_000_000_000 && seconds >= FIRST && seconds < END;
  return isTime ? mistakeInFraction({ nanos }) : "must be a time in the years 1900 to 2200";
}

/** Mistake in a fraction of a second, or undefined. Times are stored in ms, and never truncated. */
export function mistakeInFraction({ nanos }: { readonly nanos: number }): string | undefined {
  return nanos % 1_000_000 === 0 ? undefined : "must have at most 3 decimals of a second";
}
