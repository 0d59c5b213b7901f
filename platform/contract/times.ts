import type { Timestamp } from "@bufbuild/protobuf/wkt";

/** In seconds of Unix time. Far from the ends of what Date, MySQL and protobuf hold, so that arithmetic on times cannot overflow. */
const FIRST = BigInt(Date.parse("1900-01-01T00:00:00Z") / 1000);
const END = BigInt(Date.parse("2201-01-01T00:00:00Z") / 1000);

/** The mistake in a time; undefined where there is none. Binary messages can hold any number of seconds, on which CEL rules throw. */
export function mistakeInTime({ seconds, nanos }: Timestamp): string | undefined {
  const isTime = nanos >= 0 && nanos < 1_000_000_000 && seconds >= FIRST && seconds < END;
  return isTime ? undefined : "must be a time in the years 1900 to 2200";
}
