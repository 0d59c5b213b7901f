import {
  createFileRegistry,
  type DescEnumValue,
  type DescField,
  type DescMessage,
  type DescMethod,
  fromBinary,
  getOption,
  type JsonObject,
  type JsonValue,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import {
  FieldRulesSchema,
  field as fieldOption,
  message as messageOption,
  oneof as oneofOption,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { isRequired } from "@medconnect/gateway/openapi/field-rules.ts";
import { parseHttpRule } from "@medconnect/gateway/routing/http-rule.ts";
import { behavesAs } from "@medconnect/platform/contract/resource.ts";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import { FieldBehavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";
import {
  MethodRules_Access as Access,
  headers,
  in_lists,
  MethodRulesSchema,
  min_different,
  rules as rulesOption,
  Text_Kind,
  text,
  total_bytes,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { error as errorOption } from "@medconnect/proto/es/medconnect/options/v1/reason_pb.js";

/**
 * A rule, by its effect on a change of the contract:
 *
 * - offered: clients rely on each value, such as the paths of a method. A lost value breaks them.
 * - allowed: clients may send only these values. A lost value breaks them, and so does a new list.
 * - refused: clients must not send these values, or must do these things. A new value breaks them.
 * - most, least: bounds of a value in a request. A narrower one breaks clients.
 * - fixed: clients rely on the value as it is.
 */
export type Rule =
  | { kind: "offered" | "allowed" | "refused"; values: readonly string[] }
  | { kind: "most" | "least"; bound: number }
  | { kind: "fixed"; value: string };

/** The rules of a method, field or message, by their names, such as "max_len". */
export type Rules = ReadonlyMap<string, Rule>;

/** The rules of a contract by the full names of its methods, fields and messages. */
export function rulesOf(descriptors: Uint8Array): Map<string, Rules> {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
  const rules = new Map<string, Rules>();
  for (const desc of registry) {
    if (!desc.typeName.startsWith("medconnect.")) continue;
    if (desc.kind === "service")
      for (const method of desc.methods) rules.set(`${desc.typeName}.${method.name}`, ofMethod(method));
    if (desc.kind === "enum")
      for (const value of desc.values) rules.set(`${desc.typeName}.${value.name}`, ofEnumValue(value));
    if (desc.kind !== "message") continue;
    rules.set(desc.typeName, ofMessage(desc));
    for (const field of desc.fields) rules.set(`${desc.typeName}.${field.name}`, ofField(field));
  }
  return rules;
}

const offered = (values: readonly string[]): Rule => ({ kind: "offered", values });
const fixed = (value: JsonValue | undefined): Rule => ({
  kind: "fixed",
  value: JSON.stringify(value ?? null),
});

function ofMethod(method: DescMethod): Rules {
  const rules = getOption(method, rulesOption);
  const {
    errors = [],
    idempotency,
    creates,
    accepts,
    mediaType,
    oauth,
  } = toJson(MethodRulesSchema, rules) as JsonObject;
  const demands = [rules.freshSignIn && "a recent sign-in", !rules.beforeMfa && "a set-up second factor"];
  return new Map<string, Rule>([
    ["path", offered(pathsOf(method))],
    ["caller", offered(callersOf(method))],
    ["reason", offered(errors as string[])],
    ["demand", { kind: "refused", values: demands.filter((demand) => demand !== false) }],
    ["idempotency", fixed(idempotency)],
    ["creates", fixed(creates)],
    ["accepts", fixed(accepts)],
    ["media_type", fixed(mediaType)],
    ["oauth", fixed(oauth)],
  ]);
}

/** HTTP methods and paths, each with the field that the body fills: `POST /v1/bookings/{booking_id}:cancel *`. */
function pathsOf(method: DescMethod): string[] {
  const rule = getOption(method, http);
  if (rule.pattern.case === undefined) return [];
  return [rule, ...rule.additionalBindings].map((each) => {
    const [{ httpMethod } = { httpMethod: "" }] = parseHttpRule({ ...each, additionalBindings: [] });
    const { pattern } = each;
    const path = pattern.case === "custom" ? pattern.value.path : pattern.value;
    return `${httpMethod} ${path}${each.body === "" ? "" : `, body ${each.body}`}`;
  });
}

const USERS = ["PATIENT", "DOCTOR", "ADMIN"];

function callersOf(method: DescMethod): string[] {
  const rules = getOption(method, rulesOption);
  const { roles = [] } = toJson(MethodRulesSchema, rules) as { roles?: string[] };
  switch (rules.access) {
    case Access.PUBLIC:
    case Access.OPTIONAL:
      return ["anyone", ...USERS];
    case Access.SIGNED_IN:
      return USERS;
    case Access.ROLES:
      return [...roles, ...rules.scopes.map((scope) => `scope ${scope}`)];
    default:
      return rules.callers.map((caller) => `service ${caller}`);
  }
}

/** The rules of an error reason. Other values of enums have none. */
function ofEnumValue(value: DescEnumValue): Rules {
  const { code, httpStatus, oauthError, metadata } = getOption(value, errorOption);
  return new Map<string, Rule>([
    ["status", fixed(`${httpStatus} ${code}`)],
    ["oauth_error", fixed(oauthError)],
    ["metadata", offered(Object.keys(metadata))],
  ]);
}

function ofMessage(desc: DescMessage): Rules {
  const { cel, celExpression } = getOption(desc, messageOption);
  const required = desc.oneofs.filter((oneof) => getOption(oneof, oneofOption).required);
  const values = [
    ...cel.map(({ expression }) => expression),
    ...celExpression,
    ...required.map(({ name }) => `one of ${name}`),
  ];
  return new Map<string, Rule>([["rule", { kind: "refused", values }]]);
}

function ofField(field: DescField): Rules {
  const [isOmitted, kind] = [getOption(field, in_lists).omitted, getOption(field, text)];
  const [different, bytes] = [getOption(field, min_different), getOption(field, total_bytes)];
  const { required: _, ...checks } = toJson(FieldRulesSchema, getOption(field, fieldOption)) as JsonObject;
  const limits = [
    (isRequired(field) || behavesAs(field, FieldBehavior.REQUIRED)) && "required",
    behavesAs(field, FieldBehavior.IMMUTABLE) && "immutable",
    behavesAs(field, FieldBehavior.OUTPUT_ONLY) && "output only",
    isOmitted && "omitted in lists",
  ];
  return new Map<string, Rule>([
    ["limit", { kind: "refused", values: limits.filter((limit) => limit !== false) }],
    ["header", offered(getOption(field, headers))],
    ...(kind === Text_Kind.KIND_UNSPECIFIED ? [] : [["text", fixed(Text_Kind[kind])] as const]),
    ...(different > 0 ? [["min_different", { kind: "least", bound: different }] as const] : []),
    ...(bytes > 0 ? [["total_bytes", { kind: "most", bound: bytes }] as const] : []),
    ...checksIn(checks),
  ]);
}

/** Rules of protovalidate as JSON, flattened: `{ string: { maxLen: "9" } }` is a bound `string.maxLen`. */
function checksIn(checks: JsonObject, prefix = ""): [string, Rule][] {
  return Object.entries(checks).flatMap(([name, value]): [string, Rule][] => {
    const path = `${prefix}${name}`;
    if (Array.isArray(value)) return [[path, listRule(name, value)]];
    if (typeof value === "object" && value !== null) return checksIn(value, `${path}.`);
    const bound = Number.parseFloat(String(value));
    if (UPPER.test(name)) return [[path, { kind: "most", bound }]];
    if (LOWER.test(name)) return [[path, { kind: "least", bound }]];
    return [[path, { kind: "refused", values: [`other than ${name} ${value}`] }]];
  });
}

const UPPER = /^(?:lte?|max[A-Z]\w*)$/;
const LOWER = /^(?:gte?|min[A-Z]\w*)$/;

const listRule = (name: string, list: readonly JsonValue[]): Rule => ({
  kind: name === "in" ? "allowed" : "refused",
  values: list.map((value) => (typeof value === "string" ? value : JSON.stringify(value))),
});
