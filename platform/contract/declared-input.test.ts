import { type DescField, getOption, ScalarType } from "@bufbuild/protobuf";
import { field as rulesOption } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { describe, expect, test } from "@jest/globals";
import { Text_Kind as Kind } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { requestFields } from "../testing/request-fields.ts";
import { fields, isUuid, kindOf, ofKind, table } from "../testing/sent-fields.ts";
import { stringRulesOf } from "./field-rules.ts";

const rulesOf = (field: DescField) => getOption(field, rulesOption);

describe("the contract", () => {
  /** Fields that need no rule: page tokens (AIP-158) and entity tags (AIP-154) are accepted as they are. */
  const BY_NAME = new Set(["page_token", "etag"]);

  test.each(table(fields.filter(({ field }) => field.scalar === ScalarType.STRING)))(
    "declares the text of %s: a kind, a UUID, a pattern or a list of values",
    (_name, { field }) => {
      const rules = stringRulesOf(field);
      const isClosed = rules && (rules.pattern !== "" || rules.in.length > 0 || rules.const !== "");
      expect(
        kindOf(field) !== Kind.KIND_UNSPECIFIED || isUuid(field) || isClosed || BY_NAME.has(field.name),
      ).toBe(true);
      // A field must not have both a kind of text and a UUID rule, because the two would contradict each
      // other.
      expect(kindOf(field) !== Kind.KIND_UNSPECIFIED && isUuid(field)).toBe(false);
    },
  );

  test.each(
    ofKind(Kind.NAME, Kind.LINE, Kind.TEXT, Kind.VERBATIM, Kind.EMAIL, Kind.TIME_ZONE, Kind.LANGUAGE),
  )("bounds the length of %s", (_name, { field }) => {
    expect(stringRulesOf(field)?.maxLen).toBeGreaterThan(0n);
  });

  const whole = requestFields.filter(({ field }) =>
    [
      ScalarType.INT64,
      ScalarType.UINT64,
      ScalarType.SINT64,
      ScalarType.FIXED64,
      ScalarType.SFIXED64,
    ].includes(field.scalar!),
  );
  test.each(table(whole))(
    "bounds %s on both sides, within the range of exact integers",
    (_name, { field }) => {
      const { type } = rulesOf(field);
      expect(type.case).toBe("int64");
      if (type.case !== "int64") return;
      for (const bound of [type.value.greaterThan, type.value.lessThan]) {
        expect(bound.case).toBeDefined();
        expect(Number.isSafeInteger(Number(bound.value))).toBe(true);
      }
    },
  );

  test.each(table(fields.filter(({ field }) => field.message?.typeName === "google.protobuf.Duration")))(
    "bounds %s",
    (_name, { field }) => {
      const { type } = rulesOf(field);
      expect(
        type.case === "duration" && type.value.greaterThan.case && type.value.lessThan.case,
      ).toBeTruthy();
    },
  );

  test.each(table(fields.filter(({ field }) => field.enum)))(
    "accepts only known values of %s",
    (_name, { field }) => {
      const { type } = rulesOf(field);
      expect(type.case === "enum" && (type.value.definedOnly || type.value.in.length > 0)).toBe(true);
    },
  );

  test.each(table(fields.filter(({ field }) => field.fieldKind === "list")))(
    "bounds the list %s",
    (_name, { field }) => {
      const { type } = rulesOf(field);
      expect(type.case === "repeated" && type.value.maxItems).toBeGreaterThan(0n);
    },
  );

  test("has no map in a request, because map keys have no rule yet", () => {
    expect(fields.filter(({ field }) => field.fieldKind === "map").map(({ name }) => name)).toEqual([]);
  });
});
