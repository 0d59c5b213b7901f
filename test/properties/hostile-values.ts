import { create, type DescField, getOption, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { DurationSchema, FieldMaskSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { stringRulesOf } from "@medconnect/platform/contract/field-rules.ts";
import {
  Text_Kind as Kind,
  text as textOption,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";

/** A value for one field, and the contract's verdict. */
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
const NO_TIMES = [
  "2027-02-30T10:00:00Z",
  "2016-12-31T23:59:60Z",
  "2027-01-01T24:00:00Z",
  "2027-01-01",
  "0000-01-01T00:00:00Z",
  "10000-01-01T00:00:00Z",
];

/** Values for a field in JSON, a path or a query. */
export function hostileJson(field: DescField): Hostile<JsonValue>[] {
  switch (field.message?.typeName) {
    case "google.protobuf.Timestamp":
      return refused<JsonValue>(...FAR_TIMES, ...NO_TIMES);
    case "google.protobuf.Duration":
      return refused<JsonValue>("3600s junk", "60seconds", "-1s", "315576000000s", "315576000001s");
    case "google.protobuf.FieldMask":
      return refused<JsonValue>("a b", "time_zone", "*", "\u0000");
  }
  if (field.message) return refused<JsonValue>("\u0000", "1");
  if (field.enum) return refused<JsonValue>("0", "999", "\u202e");
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
        ...any<JsonValue>("-1", "0", "2147483647"),
      ];
  }
}

/** Values for a field in a binary message, in protobuf-es form. */
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
      ];
    case "google.protobuf.Duration":
      return refused<unknown>(
        ...far.map((seconds) => create(DurationSchema, { seconds })),
        create(DurationSchema, { seconds: -1n }),
      );
    case "google.protobuf.FieldMask":
      // A mask's paths are checked only with the masked resource.
      return any<unknown>(
        create(FieldMaskSchema, { paths: ["\u0000"] }),
        create(FieldMaskSchema, { paths: ["id", "no_such_field"] }),
      );
  }
  if (field.message) return any<unknown>({});
  if (field.enum) return refused<unknown>(999, -1, 2 ** 31 - 1);
  switch (field.scalar) {
    case ScalarType.STRING:
      return hostileText(field);
    case ScalarType.BOOL:
      return any<unknown>(true);
    case ScalarType.BYTES:
      return any<unknown>(new Uint8Array(1000));
    case ScalarType.INT64:
      return refused<unknown>(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n);
    default:
      return any<unknown>(-1, 0, 2 ** 31 - 1, -(2 ** 31));
  }
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

function hostileText(field: DescField): Hostile<string>[] {
  const rules = stringRulesOf(field);
  const kind = getOption(field, textOption);
  // A list that the gateway merges refuses these like any other unknown page token.
  if (field.name === "page_token") return any("x", "\u0000", "\u202e", "x".repeat(5000));
  const tooLong = rules && rules.maxLen > 0n ? refused("x".repeat(Number(rules.maxLen) + 1)) : [];
  if (kind in BAD) return [...refused(...BAD[kind]!), ...tooLong, ...any(" ", "\u0301", "👩\u200d⚕\ufe0f")];
  if (rules?.wellKnown.case === "uuid") {
    return [
      ...refused("x", "\u0000", "' OR 1=1 -- "),
      ...any("0199C2F0-7D1A-7C3E-9B52-3F1F0C9A4E21", "00000000-0000-0000-0000-000000000000"),
    ];
  }
  const isClosed = rules && (rules.pattern !== "" || rules.in.length > 0 || rules.const !== "");
  if (isClosed) return [...refused("\u0000", "\u202e"), ...tooLong];
  // Passwords, tokens and entity tags: anything.
  return [...tooLong, ...any("\u0000", "\u202e", " ", "\u{10ffff}", "' OR 1=1 -- ")];
}
