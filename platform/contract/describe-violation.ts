import { type DescEnum, type DescField, getOption } from "@bufbuild/protobuf";
import { isReflectList, isReflectMap, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Duration } from "@bufbuild/protobuf/wkt";
import type { Violation } from "@bufbuild/protovalidate";
import {
  type EnumRules,
  type FieldRules,
  field as rulesOption,
  type StringRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { must as mustOption } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { FieldViolation } from "../errors/limit-violations.ts";
import { enumRulesOf, valueRulesOf } from "./field-rules.ts";
import { sentValue } from "./sent-value.ts";

/**
 * Describes a violation to the user: the rule in words, and the value that breaks it. The messages of
 * Protovalidate show patterns and enum numbers. The text that the proto gives for the field
 * (medconnect.options.v1.must) comes first, then the words for the kind of rule.
 */
export function describeViolation(violation: Violation, request: ReflectMessage): FieldViolation {
  const path = violation.toString().split(":", 1)[0] ?? "";
  const field = violation.field.findLast((part): part is DescField => part.kind === "field");
  if (!field) return { field: "", description: wordsOfMessage(violation) };
  return { field: path, description: wordsOf(field, violation, valueAt(request, violation.field)) };
}

/** Describes a violation of a rule about several fields. Names are in backticks, so the gateway converts them. */
function wordsOfMessage({ field: [oneof], message }: Violation): string {
  if (oneof?.kind !== "oneof") return message;
  return `must have one of ${oneof.fields.map(({ name }) => `\`${name}\``).join(", ")}`;
}

/** The value at the path of a violation, as protobuf-es reflects it. */
function valueAt(request: ReflectMessage, path: Violation["field"]): unknown {
  let value: unknown = request;
  for (const part of path) {
    if (part.kind === "field") value = (value as ReflectMessage).get(part);
    else if (part.kind === "list_sub" && isReflectList(value)) value = value.get(part.index);
    else if (part.kind === "map_sub" && isReflectMap(value)) value = value.get(part.key);
  }
  return value;
}

function wordsOf(field: DescField, { ruleId, message }: Violation, value: unknown): string {
  const { type: whole } = getOption(field, rulesOption);
  const rules = ruleId.startsWith("repeated.") ? whole : valueRulesOf(field);
  if (ruleId === "required") return "must be given";
  if (rules?.case === "enum" && field.enum)
    return mustBeValueOf(field.enum, rules.value) + sentValue(field, nameOf(field.enum, value as number));
  if (rules?.case === "repeated" && isReflectList(value))
    return ruleId === "repeated.unique"
      ? "must not have an item twice"
      : `must have ${quantity(rules.value.minItems, rules.value.maxItems)} items; got ${value.size}`;
  if (rules?.case === "string" && typeof value === "string") {
    if (value === "") return "must be given";
    return textWords(field, rules.value, ruleId, value) ?? message + sentValue(field, value);
  }
  return (rangeWords(rules) ?? message) + sentValue(field, value);
}

/** Name of an enum value, or the number of an unknown one; undefined for 0, which means "unset". */
const nameOf = ({ value }: DescEnum, number: number): string | number | undefined =>
  number === 0 ? undefined : (value[number]?.name ?? number);

function textWords(field: DescField, rules: StringRules, ruleId: string, value: string): string | undefined {
  const must = getOption(field, mustOption);
  const sent = sentValue(field, value);
  switch (ruleId) {
    case "string.in":
    case "string.const": {
      const allowed = rules.const === "" ? rules.in.filter((each) => each !== "") : [rules.const];
      return mustBeOneOf(allowed) + sentValue(field, value, allowed);
    }
    case "string.uuid":
      return `must be a UUID such as 0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21${sent}`;
    case "string.email":
      return `must be an e-mail address such as ann@example.org${sent}`;
    case "string.pattern":
      return must === "" ? undefined : must + sent;
    case "string.min_len":
    case "string.max_len":
      return must === ""
        ? `must have ${quantity(rules.minLen, rules.maxLen)} characters${lengthOf(sent, value)}`
        : must + sent;
    default:
      return undefined;
  }
}

/** Length of a text in characters, as the rules count it; empty if the text itself is not shown either. */
const lengthOf = (sent: string, value: string): string => (sent === "" ? "" : `; got ${[...value].length}`);

/** Limits of a number of things in words; 0 means no limit: "1 to 20", "at most 20", "at least 1". */
export function quantity(min: bigint, max: bigint): string {
  if (max === 0n) return `at least ${min}`;
  return min === 0n ? `at most ${max}` : `${min} to ${max}`;
}

const MAX_INT32 = 2n ** 31n - 1n;

/** Bounds of a whole number or a duration in words; undefined for other rules. */
export function rangeWords(rules: FieldRules["type"] | undefined): string | undefined {
  switch (rules?.case) {
    case "int32":
    case "int64": {
      const { greaterThan, lessThan } = rules.value;
      const isShort = rules.case === "int32";
      const min = greaterThan.case && BigInt(greaterThan.value) + (greaterThan.case === "gt" ? 1n : 0n);
      const max = lessThan.case && BigInt(lessThan.value) - (lessThan.case === "lt" ? 1n : 0n);
      return `must be a whole number ${between(min, max ?? (isShort ? MAX_INT32 : undefined))}`;
    }
    case "duration": {
      const { greaterThan, lessThan } = rules.value;
      return `must be a duration ${between(secondsOf(greaterThan.value), secondsOf(lessThan.value))}`;
    }
    default:
      return undefined;
  }
}

const secondsOf = (duration: Duration | undefined): string | undefined => duration && `${duration.seconds}s`;

/** Bounds, both inclusive. */
function between(min: bigint | string | undefined, max: bigint | string | undefined): string {
  if (max === undefined) return `of at least ${min ?? 0}`;
  return min === undefined ? `of at most ${max}` : `from ${min} to ${max}`;
}

/** The words for an enum field, with the names of the values that its rules allow. */
export function mustBeValueOf(desc: DescEnum, rules?: EnumRules): string {
  return mustBeOneOf(namesOf(desc, rules));
}

/** Names of the enum values that rules allow. 0 means "unset", so it is never allowed. */
export function namesOf({ values }: DescEnum, rules?: EnumRules): string[] {
  const isAllowed = (number: number) =>
    number !== 0 &&
    !rules?.notIn.includes(number) &&
    (!rules || rules.in.length === 0 || rules.in.includes(number));
  return values.filter(({ number }) => isAllowed(number)).map(({ name }) => name);
}

/** Names of the values that an enum field takes in a request. */
export const allowedNames = (field: DescField): string[] =>
  field.enum ? namesOf(field.enum, enumRulesOf(field)) : [];

const mustBeOneOf = (names: readonly string[]): string =>
  names.length === 1 ? `must be ${names[0]}` : `must be one of ${names.join(", ")}`;
