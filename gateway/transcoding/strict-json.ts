import {
  type DescField,
  type DescMessage,
  type DescOneof,
  fromJson,
  type JsonObject,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { allowedNames, mustBeValueOf, rangeWords } from "@medconnect/platform/contract/describe-violation.ts";
import { enumRulesOf, valueRulesOf } from "@medconnect/platform/contract/field-rules.ts";
import { itemLimitOf, tooManyItems } from "@medconnect/platform/contract/item-limits.ts";
import { sentValue } from "@medconnect/platform/contract/sent-value.ts";
import { didYouMean } from "@medconnect/platform/errors/did-you-mean.ts";
import type { FieldViolation } from "@medconnect/platform/errors/limit-violations.ts";
import { MAX_VIOLATIONS } from "@medconnect/platform/errors/limit-violations.ts";
import { wellKnownViolation } from "./well-known-json.ts";

/**
 * Checks an object against canonical protobuf JSON. Returns a violation for each mistake, with its path.
 * Stricter than protobuf-es:
 *
 * - Fields are named in lowerCamelCase, and enum values by name.
 * - Numbers that lost precision are refused.
 * - `null` counts as an absent field.
 *
 * `fromJson` of protobuf-es accepts every object in which this check finds no violation. The check stops at
 * MAX_VIOLATIONS + 1, which is enough to report that there are more than MAX_VIOLATIONS.
 */
export function violationsOf(desc: DescMessage, json: JsonObject): FieldViolation[] {
  const violations: FieldViolation[] = [];
  checkMessage(desc, json, "", violations);
  return violations;
}

function checkMessage(desc: DescMessage, json: JsonObject, path: string, violations: FieldViolation[]): void {
  const fields = fieldsByJsonName(desc);
  const oneofs = new Set<string>();
  for (const [name, value] of Object.entries(json)) {
    if (violations.length > MAX_VIOLATIONS) return;
    const at = path === "" ? name : `${path}.${name}`;
    const field = fields.get(name);
    if (!field) violations.push({ field: at, description: unknownField(name, [...fields.keys()]) });
    else if (value !== null) {
      if (field.oneof && oneofs.has(field.oneof.name)) {
        violations.push({
          field: at,
          description: `conflicts with another field; send only one of ${memberNames(field.oneof)}`,
        });
      }
      if (field.oneof) oneofs.add(field.oneof.name);
      checkField(field, value, at, violations);
    }
  }
}

function checkField(field: DescField, value: JsonValue, path: string, violations: FieldViolation[]): void {
  if (field.fieldKind !== "list") {
    checkValue(field, value, path, violations);
  } else if (!Array.isArray(value)) {
    violations.push({ field: path, description: `must be an array; got ${kindOf(value)}` });
  } else if (value.length > itemLimitOf(field)) {
    violations.push(tooManyItems(field, path, value.length));
  } else {
    for (const [index, item] of value.entries()) {
      if (violations.length > MAX_VIOLATIONS) return;
      checkValue(field, item, `${path}[${index}]`, violations);
    }
  }
}

function checkValue(field: DescField, value: JsonValue, path: string, violations: FieldViolation[]): void {
  const { message } = field;
  if (message && !isWellKnown(message) && field.fieldKind !== "map") {
    if (isObject(value)) checkMessage(message, value, path, violations);
    else violations.push({ field: path, description: `must be an object; got ${kindOf(value)}` });
  } else {
    const wrapped = message && wrappedField(message);
    const mistake = valueViolation(wrapped ?? field, value);
    if (mistake === undefined) return;
    violations.push({ field: path, description: mistake + sentJson(field, value) });
  }
}

/** Mistake in a value that is not a plain message; undefined if the value is valid. */
function valueViolation(field: DescField, value: JsonValue): string | undefined {
  const wellKnown =
    field.fieldKind === "map" ? undefined : wellKnownViolation(field.message?.typeName ?? "", value);
  return wellKnown ?? (isValid(field, value) ? undefined : expectation(field));
}

/** The field of a wrapper such as Int64Value. The JSON of a wrapper is the value of its only field. */
const wrappedField = (message: DescMessage): DescField | undefined =>
  isWrapperDesc(message) ? message.fields[0] : undefined;

function isValid(field: DescField, value: JsonValue): boolean {
  if (field.enum) return field.enum.values.some(({ name, number }) => name === value && number !== 0);
  switch (field.scalar) {
    case ScalarType.STRING:
      return typeof value === "string" && value.isWellFormed();
    case ScalarType.BOOL:
      return typeof value === "boolean";
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
    case ScalarType.BYTES:
    case undefined:
      return libraryAccepts(field, value);
    default:
      return isInteger(value) && libraryAccepts(field, value);
  }
}

/**
 * True for an integer. JSON numbers are judged by value, so 1e3 is 1000 and -0 is 0 (RFC 8259 §6). Integers
 * beyond 2^53 must be text, because JSON.parse rounds them. As text, each integer has only one valid
 * spelling, without leading zeros.
 */
const isInteger = (value: JsonValue): boolean =>
  typeof value === "number"
    ? Number.isSafeInteger(value)
    : typeof value === "string" && /^(?:0|-?[1-9]\d*)$/.test(value);

function libraryAccepts(field: DescField, value: JsonValue): boolean {
  const { parent } = field;
  const one = field.fieldKind === "list" ? [value] : value;
  try {
    fromJson(parent, isWrapperDesc(parent) ? value : { [field.jsonName]: one });
    return value !== null;
  } catch {
    return false;
  }
}

/** The value after a mistake. The types of JSON differ enough that an object or array is shown by its kind. */
const sentJson = (field: DescField, value: JsonValue): string =>
  typeof value === "object" ? `; got ${kindOf(value)}` : sentValue(field, value, allowedNames(field));

const kindOf = (value: JsonValue): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
};

/** The message for a field that the schema does not have. @param known the names that it has */
export const unknownField = (name: string, known: readonly string[]): string =>
  `unknown field${didYouMean(name, known)}`;

function expectation(field: DescField): string {
  if (field.enum) return mustBeValueOf(field.enum, enumRulesOf(field));
  if (field.fieldKind === "map") return "must be an object with values of the field's type";
  if (field.message) return "must be in the range of its type";
  switch (field.scalar) {
    case ScalarType.STRING:
      return "must be a string in quotes";
    case ScalarType.BOOL:
      return "must be true or false, without quotes";
    case ScalarType.BYTES:
      return "must be a base64 string";
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return "must be a number";
    default:
      return rangeWords(valueRulesOf(field)) ?? "must be a whole number, without leading zeros";
  }
}

const fieldMaps = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

function fieldsByJsonName(desc: DescMessage): ReadonlyMap<string, DescField> {
  const known = fieldMaps.get(desc);
  if (known) return known;
  const fields = new Map(desc.fields.map((field) => [field.jsonName, field]));
  fieldMaps.set(desc, fields);
  return fields;
}

/** True for types with their own JSON form, such as Timestamp. */
export const isWellKnown = (desc: DescMessage): boolean => desc.typeName.startsWith("google.protobuf.");

export const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const memberNames = ({ fields }: DescOneof): string => fields.map((member) => member.jsonName).join(", ");
