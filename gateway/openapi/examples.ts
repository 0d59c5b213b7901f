import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";
import type { FieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { rulesOf } from "../transcoding/validation-rules.ts";
import { commentOn } from "./comments.ts";

const UUID = "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21";
const DAY_MS = 24 * 60 * 60 * 1000;
/** Day of the times in examples: a month from the start of this process, because slots must lie in the future. */
const DAY = new Date(Date.now() + 30 * DAY_MS).toISOString().slice(0, 10);
/**
 * Examples for a string field whose comment has no example. The first one that satisfies the field's rules is
 * used.
 */
const TEXTS = ["An example", "example", "en", "123456"];

/**
 * An example message with these fields, except `optional` scalars whose comments have no example, and fields that
 * a new resource lacks. Of a oneof, it has only the first field.
 */
export function exampleOf(fields: readonly DescField[]): JsonObject {
  const shown = fields.filter(
    (field) =>
      (!field.proto.proto3Optional || field.message || exampleIn(field) !== undefined) &&
      !isSetLater(field) &&
      isFirstOfOneof(field),
  );
  return Object.fromEntries(shown.map((field) => [field.jsonName, exampleValue(field)]));
}

/** The example in the field's comment ("such as …"), or else a value that fits its type and rules. */
export function exampleValue(field: DescField): JsonValue {
  const rules = rulesOf(field);
  if (field.fieldKind === "list") {
    return [single(field, rules?.type.case === "repeated" ? rules.type.value.items : undefined)];
  }
  if (field.fieldKind === "map") return { [exampleIn(field) ?? "EXAMPLE"]: single(field, undefined) };
  return single(field, rules);
}

function single(field: DescField, rules: FieldRules | undefined): JsonValue {
  if (field.message) return messageExample(field, field.message);
  if (field.enum) return exampleIn(field) ?? enumExample(field.enum, rules);
  switch (field.scalar) {
    case ScalarType.STRING:
      return textExample(field, rules);
    case ScalarType.BOOL:
      return false;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return 1.5;
    case ScalarType.BYTES:
      return "";
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.UINT64:
      return exampleIn(field) ?? "5000";
    default:
      return numberExample(field);
  }
}

function messageExample(field: DescField, desc: DescMessage): JsonValue {
  switch (desc.typeName) {
    case "google.protobuf.Timestamp":
      return field.name.startsWith("end") ? `${DAY}T09:30:00Z` : `${DAY}T09:00:00Z`;
    case "google.protobuf.Duration":
      return exampleIn(field) ?? "900s";
    case "google.protobuf.FieldMask":
      return "timeZone";
    default:
      return exampleOf(desc.fields);
  }
}

function enumExample(desc: DescEnum, rules: FieldRules | undefined): string {
  const allowed = rules?.type.case === "enum" ? rules.type.value.in : [];
  const isAllowed = (number: number) => allowed.length === 0 || allowed.includes(number);
  return desc.values.find(({ number }) => number !== 0 && isAllowed(number))?.name ?? "";
}

function textExample(field: DescField, rules: FieldRules | undefined): string {
  const text = rules?.type.case === "string" ? rules.type.value : undefined;
  if (text?.wellKnown.case === "email" || field.name === "email") {
    return exampleIn(field) ?? "ada@example.org";
  }
  if (text?.wellKnown.case === "uuid" || /^(id|.*_ids?)$/.test(field.name)) return UUID;
  const minLength = Number(text?.minLen ?? 0n);
  const maxLength = Number(text?.maxLen || 1000n);
  const candidates = [exampleIn(field), text?.in.find((value) => value !== ""), ...TEXTS].filter(
    (c) => c !== undefined,
  );
  const pattern = new RegExp(text?.pattern ?? "", "u");
  return (
    candidates.find((c) => c.length >= minLength && c.length <= maxLength && pattern.test(c)) ??
    "x".repeat(minLength)
  );
}

/** Throws unless the field's comment has an example: an invented number would look like a fact. */
function numberExample(field: DescField): number {
  const example = exampleIn(field);
  if (example === undefined) throw new Error(`the comment on ${field} has no example, "such as 300"`);
  return Number(example);
}

/** The example in the field's comment: "USD" in `ISO 4217 code, such as "USD"`, and 300 in `such as 300`. */
function exampleIn(field: DescField): string | undefined {
  const [, text, number] = /(?:[Ss]uch as|always) (?:"([^"]+)"|(\d+))/.exec(commentOn(field)) ?? [];
  return text ?? number;
}

/** True if the field's comment says that something has to happen first: "absent if the booking was not cancelled". */
const isSetLater = (field: DescField): boolean =>
  /\babsent (?:(?:before|until) |if .*\b(?:not|never|no)\b)/i.test(commentOn(field));

const isFirstOfOneof = (field: DescField): boolean => !field.oneof || field.oneof.fields[0] === field;
