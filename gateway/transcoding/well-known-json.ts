import { isCalendarDate } from "@medconnect/platform/time/calendar-date.ts";

/**
 * Mistake in the JSON of a Timestamp, Duration or FieldMask; undefined for valid values and for other types.
 * protobuf-es is more lenient: it turns 30 February into a day of March, and ignores text after a duration.
 */
export function wellKnownViolation(typeName: string, value: unknown): string | undefined {
  const rule = RULES[typeName];
  if (!rule) return undefined;
  return typeof value === "string" ? rule.violationOf(value) : rule.expectation;
}

interface Rule {
  expectation: string;
  violationOf: (text: string) => string | undefined;
}

const matching = (pattern: RegExp, expectation: string): Rule => ({
  expectation,
  violationOf: (text) => (pattern.test(text) ? undefined : expectation),
});

/**
 * RFC 3339 §5.6 with at most nine decimals, the precision of a Timestamp. `T` and `Z` must be in upper case,
 * a restriction that the RFC permits.
 */
const TIME =
  /^(?<day>\d{4}-\d{2}-\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:(?<second>[0-5]\d|60)(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const TIME_EXPECTATION = "must be a time with its zone such as 2026-03-01T09:00:00Z (RFC 3339)";

/** Seconds with at most nine decimals, the precision of a Duration. */
export const DURATION = /^-?(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,9})?s$/;
/** Maximum length of a field mask in characters. The mask of all fields of a resource has a fifth of it. */
export const MAX_FIELD_MASK_LENGTH = 1024;
/** Names of fields in lowerCamelCase, with commas between them. */
export const FIELD_MASK = /^(?:[a-z][A-Za-z0-9]*(?:[.,][a-z][A-Za-z0-9]*)*)?$/;

/** A zone whose plus was sent unescaped in a query, where a plus stands for a space. */
const SPACE_FOR_PLUS = /T[0-9:.]+ [0-9]{2}:[0-9]{2}$/;

function timeViolation(text: string): string | undefined {
  const { day, second } = TIME.exec(text)?.groups ?? {};
  if (day === undefined)
    return `${TIME_EXPECTATION}${SPACE_FOR_PLUS.test(text) ? "; write + as %2B in a query" : ""}`;
  if (!isCalendarDate(day)) return `must be a date of the calendar; ${day} does not exist`;
  if (second === "60") return "must not be a leap second (:60); send the next second instead";
  return undefined;
}

const FIELD_MASK_RULE = matching(
  FIELD_MASK,
  "must be names of fields with commas between them, such as bio,timeZone",
);

const RULES: Record<string, Rule> = {
  "google.protobuf.Timestamp": { expectation: TIME_EXPECTATION, violationOf: timeViolation },
  "google.protobuf.Duration": matching(DURATION, "must be a duration in seconds such as 900s"),
  "google.protobuf.FieldMask": {
    ...FIELD_MASK_RULE,
    violationOf: (text) =>
      text.length > MAX_FIELD_MASK_LENGTH
        ? `must have at most ${MAX_FIELD_MASK_LENGTH} characters`
        : FIELD_MASK_RULE.violationOf(text),
  },
};
