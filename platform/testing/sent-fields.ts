import {
  type DescField,
  fromBinary,
  fromJson,
  getOption,
  type JsonObject,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { FieldBehavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";
import {
  MethodRules_Access as Access,
  type Text_Kind as Kind,
  text as textOption,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { stringRulesOf } from "../contract/field-rules.ts";
import type { Method } from "../contract/methods.ts";
import { behavesAs } from "../contract/resource.ts";
import { validate } from "../contract/validate.ts";
import { ApiError } from "../errors/api-error.ts";
import type { FieldViolation } from "../errors/limit-violations.ts";
import { jsonWith, pathOf, type RequestField, requestFields } from "./request-fields.ts";

export const kindOf = (field: DescField): Kind => getOption(field, textOption);
export const isUuid = (field: DescField): boolean => stringRulesOf(field)?.wellKnown.case === "uuid";

/** True for fields that services ignore in requests (AIP-203), and for fields inside them. */
export const isOutputOnly = ({ way }: RequestField): boolean =>
  way.some((field) => behavesAs(field, FieldBehavior.OUTPUT_ONLY));

export const outputOnlyFields = requestFields.filter(isOutputOnly);
export const inputFields = requestFields.filter((each) => !isOutputOnly(each));
/**
 * Fields that people and external systems fill. Omits fields of messages between services, because the
 * sending service has validated their values.
 */
export const fields = inputFields.filter(({ method }) => method.rules.access !== Access.INTERNAL);
/** Pairs of name and field, for `test.each`. */
export const table = (chosen: readonly RequestField[]) => chosen.map((each) => [each.name, each] as const);
export const ofKind = (...kinds: Kind[]) =>
  table(fields.filter(({ field }) => kinds.includes(kindOf(field))));

/** Validates a request. Returns its canonical form, or its violations. */
export function accept({ input }: Method, request: JsonObject): JsonObject | FieldViolation[] {
  const bytes = toBinary(input, fromJson(input, request));
  try {
    return toJson(input, fromBinary(input, validate(input, bytes))) as JsonObject;
  } catch (error) {
    if (error instanceof ApiError && error.reason === "INVALID_REQUEST") return error.violations;
    throw error;
  }
}

/** Validates a request in which only this field is set. Returns its canonical form, or its violations. */
export const send = ({ method, way }: RequestField, value: JsonValue): JsonObject | FieldViolation[] =>
  accept(method, jsonWith(way, value));

/**
 * Description of the violation of this field, without the value that it shows; undefined if none of the
 * violations is about the field.
 */
export function refusalOf(to: RequestField, value: JsonValue): string | undefined {
  const answer = send(to, value);
  if (!Array.isArray(answer)) return undefined;
  return answer.find(({ field }) => field === pathOf(to.way))?.description.replace(/; got .*$/s, "");
}
