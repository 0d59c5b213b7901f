import type { Timestamp } from "@bufbuild/protobuf/wkt";

/** First valid time, in seconds since the epoch. */
const FIRST = BigInt(Date.parse("1900-01-01T00:00:00Z") / 1000);
/**
 * End (exclusive) of the valid times, in seconds since the epoch. The range is so narrow that arithmetic with
 * times never overflows.
 */
const END = BigInt(Date.parse("2201-01-01T00:00:00Z") / 1000);

/**
 * Mistake in a time; undefined if it is valid. This check comes before the CEL rules, because those throw for
 * many of the numbers that a Timestamp may hold.
 */
export function mistakeInTime({ seconds, nanos }: Timestamp): string | undefined {
  const isTime = nanos >= 0 && nanos < 1_000_000_000 && seconds >= FIRST && seconds < END;
  return isTime ? mistakeInFraction({ nanos }) : "must be a time in the years 1900 to 2200";
}

/**
 * Mistake in a fraction of a second; undefined if it has at most three decimals. More would be lost, because
 * times are stored in ms.
 */
export function mistakeInFraction({ nanos }: { readonly nanos: number }): string | undefined {
  return nanos % 1_000_000 === 0 ? undefined : "must have at most 3 decimals of a second";
}
