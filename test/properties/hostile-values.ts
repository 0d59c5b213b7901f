import { create, type DescField, getOption, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { DurationSchema, FieldMaskSchema, TimestampSchema, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { field as rulesOption } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { stringRulesOf } from "@medconnect/platform/contract/field-rules.ts";
import {
  Text_Kind as Kind,
  text as textOption,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";

/** A value for a field. If `isRefused` is false, the API may refuse or accept it. */
export interface Hostile<Value> {
  value: Value;
  isRefused: boolean;
}

const refused = <Value>(...values: Value[]): Hostile<Value>[] =>
  values.map((value) => ({ value, isRefused: true }));
const any = <Value>(...values: Value[]): Hostile<Value>[] =>
  values.map((value) => ({ value, isRefused: false }));

const FAR_TIMES = [
  "0001-01-01T00:00:00Z",
  "1899-12-31T23:59:59.999Z",
  "2201-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999999999Z",
];
const FIRST_TIME = "1900-01-01T00:00:00Z";
const LAST_TIME = "2200-12-31T23:59:59.999Z";
const NO_TIMES = [
  "2027-02-30T10:00:00Z",
  "2016-12-31T23:59:60Z",
  "2027-01-01T24:00:00Z",
  "2027-01-01",
  "0000-01-01T00:00:00Z",
  "10000-01-01T00:00:00Z",
];

/** Values for a field in JSON, in a path or in a query. The API must refuse most of them. */
export function hostileJson(field: DescField): Hostile<JsonValue>[] {
  switch (field.message?.typeName) {
    case "google.protobuf.Timestamp":
      return [...refused<JsonValue>(...FAR_TIMES, ...NO_TIMES), ...any<JsonValue>(FIRST_TIME, LAST_TIME)];
    case "google.protobuf.Duration":
      return refused<JsonValue>("3600s junk", "60seconds", "-1s", "315576000000s", "315576000001s");
    case "google.protobuf.FieldMask":
      return refused<JsonValue>("a b", "time_zone", "*", "\u0000");
  }
  if (field.message) return refused<JsonValue>("\u0000", "1");
  if (field.enum)
    return [
      ...refused<JsonValue>("0", "999", "\u202e"),
      ...any<JsonValue>(...field.enum.values.slice(1).map(({ name }) => name)),
    ];
  switch (field.scalar) {
    case ScalarType.STRING:
      return hostileText(field);
    case ScalarType.BOOL:
      return refused<JsonValue>("1", "TRUE", "\u0000");
    case ScalarType.BYTES:
      return refused<JsonValue>("\u0000");
    default:
      return [
        ...refused<JsonValue>("1e9", "0x10", "-9223372036854775809", "18446744073709551616", "\u0000"),
        ...any<JsonValue>("-1", "0", "2147483647", ...boundsOf(field).map(String)),
      ];
  }
}

/** Values for a field in a binary message, as protobuf-es represents them. */
export function hostileMessage(field: DescField): Hostile<unknown>[] {
  const far = [
    2n ** 63n - 1n,
    -(2n ** 63n),
    253_402_300_800n,
    -62_135_596_801n,
    7_289_654_400n,
    -2_208_988_801n,
  ];
  switch (field.message?.typeName) {
    case "google.protobuf.Timestamp":
      return [
        ...refused<unknown>(...far.map((seconds) => create(TimestampSchema, { seconds }))),
        ...refused<unknown>(
          create(TimestampSchema, { nanos: -1 }),
          create(TimestampSchema, { nanos: 2 ** 31 - 1 }),
        ),
        ...any<unknown>(...[FIRST_TIME, LAST_TIME].map((time) => timestampFromMs(Date.parse(time)))),
      ];
    case "google.protobuf.Duration":
      return refused<unknown>(
        ...far.map((seconds) => create(DurationSchema, { seconds })),
        create(DurationSchema, { seconds: -1n }),
      );
    case "google.protobuf.FieldMask":
      // Any outcome is allowed. A service checks the paths of a mask only if the request has the resource, so a
      // mask without a resource may pass.
      return any<unknown>(
        create(FieldMaskSchema, { paths: ["\u0000"] }),
        create(FieldMaskSchema, { paths: ["id", "no_such_field"] }),
      );
  }
  if (field.message) return any<unknown>(create(field.message));
  if (field.enum)
    return [
      ...refused<unknown>(999, -1, 2 ** 31 - 1),
      ...any<unknown>(...field.enum.values.map(({ number }) => number)),
    ];
  switch (field.scalar) {
    case ScalarType.STRING:
      return hostileText(field);
    case ScalarType.BOOL:
      return any<unknown>(true);
    case ScalarType.BYTES:
      return any<unknown>(new Uint8Array(1000));
    case ScalarType.INT64:
      return [
        ...refused<unknown>(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n),
        ...any<unknown>(0n, ...boundsOf(field)),
      ];
    default:
      return any<unknown>(-1, 0, 2 ** 31 - 1, -(2 ** 31), ...boundsOf(field));
  }
}

/** Returns the limits that a field's rules set for its number. */
function boundsOf(field: DescField): (bigint | number)[] {
  const { type } = getOption(field, rulesOption);
  if (type.case !== "int32" && type.case !== "int64") return [];
  const { greaterThan, lessThan } = type.value;
  return [greaterThan.value, lessThan.value].filter((bound) => bound !== undefined);
}

const BAD: Partial<Record<Kind, string[]>> = {
  [Kind.NAME]: ["a\u0000b", "\u202e", "a\u202eb", "\u200b", "\u3164", "a\u2066b", "\u2800", "a\nb"],
  [Kind.LINE]: ["a\u0000b", "\u202e", "a\u202eb", "\u200b", "\u3164", "a\u2066b", "\u2800", "a\tb"],
  [Kind.TEXT]: ["a\u0000b", "\u202e", "a\u202eb", "\u200b", "\u3164", "a\u2066b", "\u2800", "a\rb"],
  [Kind.TIME_ZONE]: ["+01:00", "EST", "GMT", "Mars/Olympus", "\u0000", "../../etc/passwd"],
  [Kind.LANGUAGE]: ["_", "no such language", "\u202e", "\u0000"],
  [Kind.DATE]: ["2027-02-30", "9999-12-31", "0001-01-01", "yesterday", "\u0000"],
  [Kind.REGION]: ["ZZ", "US-ZZ", "usa", "\u0000"],
  [Kind.ACTOR]: ["\u0000", "\u202e", "ab\u200bcd"],
  [Kind.CURRENCY]: ["ZZZ", "DEM", "usd", "\u0000"],
};

/** Unusual but valid values, by kind of field: the first, the last and rare ones. */
const GOOD: Partial<Record<Kind, string[]>> = {
  [Kind.TIME_ZONE]: ["Pacific/Apia", "America/Argentina/ComodRivadavia", "UTC"],
  [Kind.LANGUAGE]: ["x-whatever", "de-CH-1996"],
  [Kind.DATE]: ["1900-01-01", "2200-12-31"],
  [Kind.REGION]: ["AQ", "GB-ENG"],
  [Kind.ACTOR]: ["command:keys"],
  [Kind.CURRENCY]: ["JPY", "BHD", "CLF"],
};

function hostileText(field: DescField): Hostile<string>[] {
  const rules = stringRulesOf(field);
  const kind = getOption(field, textOption);
  // Any outcome is allowed. An invalid page token is treated like an unknown one, also in lists that the
  // gateway merges.
  if (field.name === "page_token") return any("x", "\u0000", "\u202e", "x".repeat(5000));
  const maxLength = Number(rules?.maxLen ?? 0n);
  // Each of these characters needs four bytes. Columns and bodies have limits in bytes, so this text needs
  // the most space.
  const long = maxLength > 0 ? [...refused("x".repeat(maxLength + 1)), ...any("𠀀".repeat(maxLength))] : [];
  if (kind in BAD)
    return [
      ...refused(...BAD[kind]!),
      ...long,
      ...any(" ", "\u0301", "👩\u200d⚕\ufe0f", ...(GOOD[kind] ?? [])),
    ];
  if (rules?.wellKnown.case === "uuid") {
    return [
      ...refused("x", "\u0000", "' OR 1=1 -- "),
      ...any(
        "0199C2F0-7D1A-7C3E-9B52-3F1F0C9A4E21",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
      ),
    ];
  }
  const isClosed = rules && (rules.pattern !== "" || rules.in.length > 0 || rules.const !== "");
  if (isClosed) return [...refused("\u0000", "\u202e"), ...long, ...any("~".repeat(255))];
  // Any outcome is allowed, because passwords, tokens and entity tags may contain every character.
  return [...long, ...any("\u0000", "\u202e", " ", "\u{10ffff}", "' OR 1=1 -- ")];
}
