import { LINKS, ZONES } from "./time-zone-table.ts";

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

const ASCII = /^[ -~]*$/;

/** The zone of each name, in lower case. */
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
 * The canonical name of a time zone in any case; undefined for an unknown name. A name in the tz database's zone.tab stays,
 * so that Oslo does not become Berlin, whose clocks have agreed with it since 1970. Any other name is a link, and is
 * resolved. Offsets and abbreviations (+01:00, Etc/GMT-1, EST, CET) are refused, because they follow no country's daylight
 * saving. Node's own Intl accepts some of them, and calls India's zone Asia/Calcutta.
 */
export const canonicalTimeZone = (name: string): string | undefined =>
  // Lower case alone would turn the Kelvin sign into a k.
  ASCII.test(name) ? zoneOf.get(name.toLowerCase()) : undefined;
