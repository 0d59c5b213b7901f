import { LINKS, ZONES } from "./time-zone-table.ts";

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

const ASCII = /^[ -~]*$/;

/** Canonical zones by name in lower case. */
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
 * Canonical name of a time zone in any case; undefined for an unknown name. Names in the tz database's
 * zone.tab stay, so that Oslo does not become Berlin, whose clocks have agreed with it since 1970. All other
 * names are links, which are resolved. Offsets and abbreviations (+01:00, Etc/GMT-1, EST, CET) are refused,
 * because they follow no country's daylight saving. Node's own Intl accepts some of them, and calls India's
 * zone Asia/Calcutta.
 */
export const canonicalTimeZone = (name: string): string | undefined =>
  // ASCII only, because lower case turns the Kelvin sign into a k.
  ASCII.test(name) ? zoneOf.get(name.toLowerCase()) : undefined;
