import { LINKS, ZONES } from "./time-zone-table.ts";

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

const ASCII = /^[ -~]*$/;

/** Canonical name of each zone and link, by name in lower case. */
const zoneOf: ReadonlyMap<string, string> = new Map([
  ["utc", "UTC"],
  ["etc/utc", "UTC"],
  ...words(ZONES).map((zone) => [zone.toLowerCase(), zone] as const),
  ...words(LINKS).map((link) => {
    const [name = "", zone = ""] = link.split("=");
    return [name.toLowerCase(), zone] as const;
  }),
]);

/**
 * Canonical name of a time zone, given in any case; undefined for an unknown name.
 *
 * - Names in zone.tab of the tz database stay as they are. Europe/Oslo does not become Europe/Berlin,
 *   although both have had the same time since 1970.
 * - Other names are links, and become the name that they link to.
 * - Offsets and abbreviations (+01:00, Etc/GMT-1, EST, CET) are refused, because they do not follow the
 *   daylight saving of a country.
 *
 * Intl of Node cannot do this: it accepts some offsets, and calls the zone of India Asia/Calcutta.
 */
export const canonicalTimeZone = (name: string): string | undefined =>
  // Refuses characters outside ASCII, because the conversion to lower case would turn the Kelvin sign into k.
  ASCII.test(name) ? zoneOf.get(name.toLowerCase()) : undefined;
