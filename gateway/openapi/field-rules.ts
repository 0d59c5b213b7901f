import { type DescField, type DescMessage, getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import {
  type FieldRules,
  Ignore,
  message as messageOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { rulesOf } from "../transcoding/validation-rules.ts";
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
      const maxLength = Number(maxLen || maxBytes);
      return {
        ...(minLen > 0n && { minLength: Number(minLen) }),
        ...(maxLength > 0 && { maxLength }),
        ...(pattern !== "" && { pattern }),
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

/** Descriptions of a message's own rules, which compare several of its fields. */
export function messageRulesOf(desc: DescMessage): string[] {
  return hasOption(desc, messageOption) ? getOption(desc, messageOption).cel.map((rule) => rule.message) : [];
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
    case "enum":
      return rules.type.value.in.length > 0 && !rules.type.value.in.includes(0);
    case "int32":
    case "int64":
      return rules.type.value.greaterThan.case === "gt" && rules.type.value.greaterThan.value >= 0;
    case "repeated":
      return rules.type.value.minItems > 0n;
    default:
      return false;
  }
}

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
      return { type: "integer", format: "int32" };
  }
}
