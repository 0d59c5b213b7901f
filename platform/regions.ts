import { iso31661, iso31662 } from "iso-3166";

/** Countries (ISO 3166-1 alpha-2) and their subdivisions (ISO 3166-2). */
const CODES: ReadonlySet<string> = new Set([
  ...iso31661.map(({ alpha2 }) => alpha2),
  ...iso31662.map(({ code }) => code),
]);

const ASCII = /^[ -~]*$/;

/** The region's code in its canonical spelling, upper case; undefined for one that ISO 3166 does not know. */
export function canonicalRegion(text: string): string | undefined {
  // Upper case alone would turn "ß" into SS, and "ſ" into S.
  const code = ASCII.test(text) ? text.toUpperCase() : "";
  return CODES.has(code) ? code : undefined;
}

/** A subdivision's country, or the country itself: `US-CA` → `US`. */
export const countryOf = (region: string): string => region.slice(0, 2);
