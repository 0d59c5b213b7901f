import type { Timestamp } from "@bufbuild/protobuf/wkt";

/** Unix time in seconds. Far inside the ranges of Date, MySQL and protobuf, so that arithmetic on times cannot overflow. */
const FIRST = BigInt(Date.parse("1900-01-01T00:00:00Z") / 1000);
const END = BigInt(Date.parse("2201-01-01T00:00:00Z") / 1000);

/** The mistake in a time, or undefined. Binary messages can hold any number of seconds, on which CEL rules throw. */
export function mistakeInTime({ seconds, nanos }: Timestamp): string | undefined {
  const isTime = nanos >= 0 && nanos < 1_000_000_000 && seconds >= FIRST && seconds < END;
  return isTime ? mistakeInFraction({ nanos }) : "must be a time in the years 1900 to 2200";
}

/** The mistake in a part of a second. Times are kept in ms, and nothing sent may be cut off without a word. */
export function mistakeInFraction({ nanos }: { readonly nanos: number }): string | undefined {
  return nanos % 1_000_000 === 0 ? undefined : "must have at most 3 decimals of a second";
}
