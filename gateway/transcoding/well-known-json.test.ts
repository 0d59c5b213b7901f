import type { JsonValue } from "@bufbuild/protobuf";
import { describe, expect, test } from "@jest/globals";
import { jsonWith, pathOf, requestFields } from "@medconnect/platform/testing/request-fields.ts";
import { testMessage } from "../testing/test-contract.ts";
import { violationsOf } from "./strict-json.ts";

const TIME = "google.protobuf.Timestamp";
const DURATION = "google.protobuf.Duration";
const MASK = "google.protobuf.FieldMask";

const VALID: Record<string, JsonValue[]> = {
  [TIME]: [
    "2026-03-01T09:00:00Z",
    "2028-02-29T23:59:59.123456789Z",
    "2026-03-01T10:00:00+01:00",
    "2026-03-01T10:00:00-00:00",
  ],
  [DURATION]: ["0s", "900s", "1.5s", "-3.000000001s"],
  [MASK]: ["", "bio", "bio,fee", "fee.amountMinor", "a".repeat(1024)],
};

const INVALID: Record<string, JsonValue[]> = {
  [TIME]: [
    "2027-02-30T10:00:00Z",
    "2027-02-29T10:00:00Z",
    "2026-04-31T10:00:00Z",
    "2026-13-01T10:00:00Z",
    "2026-00-01T10:00:00Z",
    "2026-03-00T10:00:00Z",
    "2026-03-32T10:00:00Z",
    "2026-03-01T24:00:00Z",
    "2026-03-01T10:60:00Z",
    "2026-03-01T10:00:61Z",
    "2016-12-31T23:59:60Z",
    "2026-03-01T10:00:00",
    "2026-03-01T10:00Z",
    "2026-03-01 10:00:00Z",
    "2026-03-01t10:00:00z",
    "2026-03-01T10:00:00+24:00",
    "2026-03-01T10:00:00+01:60",
    "2026-03-01T10:00:00+0100",
    "2026-03-01T10:00:00.Z",
    "2026-03-01T10:00:00.1234567890Z",
    "2026-03-01T10:00:00Z junk",
    " 2026-03-01T10:00:00Z",
    "2026-03-01T10:00:00Z\n",
    "+002026-03-01T10:00:00Z",
    "0000-03-01T10:00:00Z",
    "2026-03-01",
    "٢٠٢٦-٠٣-٠١T10:00:00Z",
    "",
    1772355600,
    true,
    {},
    [],
  ],
  [DURATION]: [
    "60seconds",
    "3600s junk",
    "3600s\n",
    " 60s",
    "60 s",
    "60",
    "s",
    "1e3s",
    "+1s",
    "01s",
    ".5s",
    "1.s",
    "1.0000000001s",
    "1m",
    "PT60S",
    "315576000001s",
    "-315576000001s",
    "999999999999999999999s",
    "NaNs",
    "",
    60,
    { seconds: 60 },
  ],
  [MASK]: [
    "time_zone",
    "bio fee",
    "bio, fee",
    "bio,,fee",
    ",bio",
    "bio,",
    "*",
    "bio.",
    "Bio",
    "a".repeat(1025),
    "1",
    1,
    ["bio"],
    {},
  ],
};

const fields = requestFields
  .filter(({ field }) => field.message && field.message.typeName in INVALID && field.fieldKind !== "map")
  .map((each) => [each.name, each] as const);

test("the contract has fields of each well-known type", () => {
  const types = new Set(fields.map(([, { field }]) => field.message!.typeName));
  expect([...types].sort()).toEqual(Object.keys(INVALID).sort());
});

describe.each(fields)("%s", (_name, { method, way, field }) => {
  const type = field.message!.typeName;
  const violations = (value: JsonValue) => violationsOf(method.input, jsonWith(way, value));

  test("accepts canonical JSON", () => {
    for (const value of VALID[type]!) expect([value, violations(value)]).toEqual([value, []]);
  });

  test("refuses every other spelling, with the path of the field", () => {
    for (const value of INVALID[type]!) {
      const expected = { field: pathOf(way, "jsonName"), description: expect.any(String) };
      expect([value, violations(value)]).toEqual([value, [expected]]);
    }
  });
});

test.each([
  [
    "2027-02-30T10:00:00Z",
    'must be a date of the calendar; 2027-02-30 does not exist; got "2027-02-30T10:00:00Z"',
  ],
  [
    "2016-12-31T23:59:60Z",
    'must not be a leap second (:60); send the next second instead; got "2016-12-31T23:59:60Z"',
  ],
])("the refusal of %s says why", (value, description) => {
  const { method, way } = fields.find(([, { field }]) => field.message!.typeName === TIME)![1];
  expect(violationsOf(method.input, jsonWith(way, value))).toEqual([
    { field: pathOf(way, "jsonName"), description },
  ]);
});

test.each<[string, JsonValue[], JsonValue[]]>([
  ["flag", [true, false], ["true", 1, {}, { value: true }]],
  [
    "count",
    [5, "-7", "9223372036854775807"],
    [1.5, "1e3", "05", "-0", "0x10", "9223372036854775808", " 1", { value: 1 }],
  ],
  ["word", ["", "a"], [5, true, "\ud800", { value: "a" }]],
  ["ratio", [1.5, "NaN", "-Infinity"], ["1,5", true, { value: 1 }]],
])("a wrapper has the JSON form of its value: %s", (name, valid, invalid) => {
  const violations = (value: JsonValue) => violationsOf(testMessage("Wrapped"), { [name]: value });
  for (const value of valid) expect([value, violations(value)]).toEqual([value, []]);
  for (const value of invalid) {
    expect([value, violations(value)]).toEqual([value, [{ field: name, description: expect.any(String) }]]);
  }
});
