import { canonicalTimeZone } from "./canonical-time-zone.ts";

/** Links of the tz database (`backward`) that input does not resolve, because they are abbreviations. */
export const ABBREVIATIONS: Readonly<Record<string, string>> = {
  cet: "Europe/Brussels",
  cst6cdt: "America/Chicago",
  eet: "Europe/Athens",
  est: "America/Panama",
  est5edt: "America/New_York",
  hst: "Pacific/Honolulu",
  met: "Europe/Brussels",
  mst: "America/Phoenix",
  mst7mdt: "America/Denver",
  pst8pdt: "America/Los_Angeles",
  wet: "Europe/Lisbon",
};

const GREENWICH = /^(?:(?:etc\/)?(?:gmt[+-]?0?|greenwich)|[+-]00(?::?00)?)$/i;

/**
 * The zone meant by a name that was stored before time zones had one canonical form (Asia/Calcutta, america/new_york, EST).
 * undefined for an offset such as +01:00: no zone can be told from it, and its clocks may have changed since.
 */
export const legacyTimeZone = (name: string): string | undefined =>
  canonicalTimeZone(name) ?? ABBREVIATIONS[name.toLowerCase()] ?? (GREENWICH.test(name) ? "UTC" : undefined);
