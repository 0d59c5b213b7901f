import { iso31661, iso31662 } from "iso-3166";

/** Codes of countries (ISO 3166-1 alpha-2) and of their subdivisions (ISO 3166-2). */
const CODES: ReadonlySet<string> = new Set([
  ...iso31661.map(({ alpha2 }) => alpha2),
  ...iso31662.map(({ code }) => code),
]);

/**
 * Country code (ISO 3166-1) of each subdivision (ISO 3166-2) that also has a country code, such as PR for
 * US-PR. BQ covers three islands, which map to subdivisions of BQ. SJ has no subdivisions, so NO-21 and NO-22
 * both map to SJ. The `subdivisionAlias` of CLDR has only some of these pairs.
 */
export const TERRITORIES: ReadonlyMap<string, string> = new Map([
  ["CN-HK", "HK"],
  ["CN-MO", "MO"],
  ["CN-TW", "TW"],
  ["FI-01", "AX"],
  ["FR-971", "GP"],
  ["FR-972", "MQ"],
  ["FR-973", "GF"],
  ["FR-974", "RE"],
  ["FR-976", "YT"],
  ["FR-BL", "BL"],
  ["FR-MF", "MF"],
  ["FR-NC", "NC"],
  ["FR-PF", "PF"],
  ["FR-PM", "PM"],
  ["FR-TF", "TF"],
  ["FR-WF", "WF"],
  ["NL-AW", "AW"],
  ["NL-BQ1", "BQ-BO"],
  ["NL-BQ2", "BQ-SA"],
  ["NL-BQ3", "BQ-SE"],
  ["NL-CW", "CW"],
  ["NL-SX", "SX"],
  ["NO-21", "SJ"],
  ["NO-22", "SJ"],
  ["US-AS", "AS"],
  ["US-GU", "GU"],
  ["US-MP", "MP"],
  ["US-PR", "PR"],
  ["US-UM", "UM"],
  ["US-VI", "VI"],
]);

const ASCII = /^[ -~]*$/;

/**
 * Canonical code of a region: in upper case, and the country code if it has one (PR for US-PR). Undefined for
 * a code that ISO 3166 does not list.
 */
export function canonicalRegion(text: string): string | undefined {
  // Refuses characters outside ASCII, because the conversion to upper case would turn "ß" into SS and "ſ"
  // into S.
  const code = ASCII.test(text) ? text.toUpperCase() : "";
  return CODES.has(code) ? (TERRITORIES.get(code) ?? code) : undefined;
}
