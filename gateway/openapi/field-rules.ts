import { type DescField, type DescMessage, getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import {
  type DurationRules,
  type FieldRules,
  Ignore,
  type Int64Rules,
  message as messageOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { rulesOf } from "../transcoding/validation-rules.ts";
import { withJsonNames } from "./json-names.ts";
import type { Schema } from "./json-schema.ts";

/**
 * A field's rules in JSON Schema, without the rules that JSON Schema cannot express. The services check all
 * rules.
 */
export function constraintsOf(rules: FieldRules | undefined): Schema {
  switch (rules?.type.case) {
    case "string": {
      const { minLen, maxLen, maxBytes, pattern, in: values, wellKnown } = rules.type.value;
      const allowed = values.filter((value) => value !== "");
      // A character takes at least one byte.
      const maxLength = Number(maxLen || maxBytes) || longestMatch(pattern);
      return {
        ...(minLen > 0n && { minLength: Number(minLen) }),
        ...(maxLength > 0 && { maxLength }),
        ...(pattern !== "" && !UNICODE_CLASS.test(pattern) && { pattern }),
        ...(allowed.length > 0 && { enum: allowed }),
        ...((wellKnown.case === "uuid" || wellKnown.case === "email") && { format: wellKnown.case }),
      };
    }
    case "int32":
    case "uint32":
    case "double":
    case "float": {
      const { greaterThan, lessThan } = rules.type.value;
      return {
        ...(greaterThan.case === "gte" && { minimum: greaterThan.value }),
        ...(greaterThan.case === "gt" && { exclusiveMinimum: greaterThan.value }),
        ...(lessThan.case === "lte" && { maximum: lessThan.value }),
        ...(lessThan.case === "lt" && { exclusiveMaximum: lessThan.value }),
      };
    }
    case "int64":
      return integerPattern(rules.type.value);
    case "duration":
      return durationPattern(rules.type.value);
    case "repeated": {
      const { minItems, maxItems, unique } = rules.type.value;
      return {
        ...(minItems > 0n && { minItems: Number(minItems) }),
        ...(maxItems > 0n && { maxItems: Number(maxItems) }),
        ...(unique && { uniqueItems: true }),
      };
    }
    default:
      return {};
  }
}

/** Classes of characters that many validators do not know, because JSON Schema only recommends ECMA-262. */
const UNICODE_CLASS = /\\p\{/;

const CLASS = String.raw`(?:\[[^\]]+\]|[A-Za-z0-9])(?:\{(?:\d+,)?(\d+)\})?`;

/** Length of the longest text of a pattern like `^[a-z]{1,16}$`, a sequence of classes; 0 for other patterns. */
function longestMatch(pattern: string): number {
  if (!new RegExp(`^\\^(?:${CLASS})+\\$$`).test(pattern)) return 0;
  const classes = pattern.slice(1, -1).matchAll(new RegExp(CLASS, "g"));
  return [...classes].reduce((sum, [, times = "1"]) => sum + Number(times), 0);
}

/**
 * Pattern of a 64-bit integer, which is text without leading zeros. Only a range from 0 or 1 to a power of ten
 * has a short pattern.
 */
function integerPattern({ greaterThan, lessThan }: Int64Rules): Schema {
  if (lessThan.case !== "lte" || !/^10+$/.test(`${lessThan.value}`)) return {};
  if (greaterThan.case === undefined || greaterThan.value !== 0n) return {};
  const max = `${lessThan.value}`;
  const zero = greaterThan.case === "gte" ? "0|" : "";
  return { pattern: `^(?:${zero}[1-9][0-9]{0,${max.length - 2}}|${max})$` };
}

/**
 * Pattern of a duration that is not negative, with at most as many digits as its maximum. Times are stored in
 * ms, so it has at most three decimals.
 */
function durationPattern({ greaterThan, lessThan }: DurationRules): Schema {
  if (greaterThan.case !== "gte" || lessThan.case !== "lte" || greaterThan.value.seconds < 0n) return {};
  const digits = `${lessThan.value.seconds}`.length;
  return { pattern: `^(?:0|[1-9][0-9]{0,${digits - 1}})(?:\\.[0-9]{1,3})?s$` };
}

/**
 * The upper bounds among a field's rules, and the format of ids. They hold for answers as well, in which text
 * that is not set is empty.
 */
export function boundsOf(rules: FieldRules | undefined): Schema {
  const { enum: values, ...constraints } = constraintsOf(rules);
  const longest = values && Math.max(...(values as string[]).map((value) => value.length));
  const { maxLength = longest, maximum, exclusiveMaximum, maxItems, format } = constraints;
  return {
    ...(maxLength !== undefined && { maxLength }),
    ...(maximum !== undefined && { maximum }),
    ...(exclusiveMaximum !== undefined && { exclusiveMaximum }),
    ...(maxItems !== undefined && { maxItems }),
    ...(format === "uuid" && { format }),
  };
}

/**
 * Describes the range of a 64-bit integer in words. In JSON, such an integer is a string, and JSON Schema has
 * no range for strings.
 */
export function notesOf(rules: FieldRules | undefined): string {
  if (rules?.type.case !== "int64") return "";
  const { greaterThan, lessThan } = rules.type.value;
  const from = { gt: "More than", gte: "At least", none: "" }[greaterThan.case ?? "none"];
  const to = { lt: "less than", lte: "at most", none: "" }[lessThan.case ?? "none"];
  const parts = [from && `${from} ${greaterThan.value}`, to && `${to} ${lessThan.value}`].filter(Boolean);
  return parts.length > 0 ? ` ${parts.join(", ")}.` : "";
}

/** Sentences for a message's own rules, which compare several of its fields. */
export function messageRulesOf(desc: DescMessage): string[] {
  if (!hasOption(desc, messageOption)) return [];
  return getOption(desc, messageOption).cel.map(({ message }) => `${withJsonNames(message)}.`);
}

/** True if a request without the field is refused. In proto3, an absent scalar counts as its zero value. */
export function isRequired(field: DescField): boolean {
  const rules = rulesOf(field);
  if (!rules || rules.ignore !== Ignore.UNSPECIFIED) return false;
  if (rules.required) return true;
  if (field.proto.proto3Optional || field.oneof) return false;
  switch (rules.type.case) {
    case "string": {
      const { minLen, pattern, in: values, wellKnown } = rules.type.value;
      if (minLen > 0n || wellKnown.case === "uuid" || wellKnown.case === "email") return true;
      return pattern !== "" ? !new RegExp(pattern, "u").test("") : values.length > 0 && !values.includes("");
    }
    case "enum": {
      const { in: values, notIn } = rules.type.value;
      return notIn.includes(0) || (values.length > 0 && !values.includes(0));
    }
    case "int32":
    case "int64":
      return rules.type.value.greaterThan.case === "gt" && rules.type.value.greaterThan.value >= 0;
    case "repeated":
      return rules.type.value.minItems > 0n;
    default:
      return false;
  }
}

/** Largest value of `int32`. */
export const MAX_INT32 = 2 ** 31 - 1;

/** JSON Schema of a scalar in the canonical protobuf JSON mapping. */
export function scalarSchema(scalar: ScalarType): Schema {
  switch (scalar) {
    case ScalarType.STRING:
      return { type: "string" };
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.BYTES:
      return { type: "string", contentEncoding: "base64" };
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { type: "number" };
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return { type: "string", format: "int64", maxLength: 20, pattern: "^-?[0-9]+$" };
    default:
      // The contract has no negative 32-bit integers.
      return { type: "integer", minimum: 0, maximum: MAX_INT32 };
  }
}
