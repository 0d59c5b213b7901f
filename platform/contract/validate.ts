import { setImmediate } from "node:timers/promises";
import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type FieldMask, FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import { FieldBehavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";
import { ApiError } from "../errors/api-error.ts";
import { didYouMean } from "../errors/did-you-mean.ts";
import { type FieldViolation, MAX_VIOLATIONS } from "../errors/limit-violations.ts";
import { shown } from "../errors/shown.ts";
import { describeViolation } from "./describe-violation.ts";
import { findLongList } from "./item-limits.ts";
import { normalize } from "./normalize.ts";
import { registry } from "./registry.ts";
import { behavesAs, resourceOf } from "./resource.ts";

const patterns = new Map<string, RegExp>();

/**
 * True if a text matches a pattern of the contract. Uses RegExp instead of RE2, the default of protovalidate,
 * because RE2 takes 300 ms to compile one of the patterns. RegExp is safe, because all patterns are known and
 * take linear time.
 */
export function matches(pattern: string, text: string): boolean {
  const known = patterns.get(pattern) ?? new RegExp(pattern, "u");
  patterns.set(pattern, known);
  return known.test(text);
}

const validator = createValidator({ registry, regexMatch: matches });

/**
 * Decodes a message, normalizes it, and checks it by the contract: kinds of text, protovalidate's rules, and
 * the field behaviours of a resource to create or update (AIP-203). Throws INVALID_REQUEST with every
 * violation.
 *
 * @returns the checked message, encoded again. Decoders differ in how they treat bytes of a wrong wire type,
 *   so another decoder could find fields in the original bytes that were never checked
 */
export function validate(schema: DescMessage, bytes: Uint8Array): Buffer {
  const longList = findLongList(schema, bytes);
  if (longList) throw new ApiError("INVALID_REQUEST", { violations: [longList] });
  const message = parse(schema, bytes);
  clearOutputOnly(schema, message);
  const violations: FieldViolation[] = [];
  addMissing(violations, normalize(schema, message));
  const result = validator.validate(schema, message);
  // A CEL rule throws for an invalid time. That error is ignored, because the list already has a violation
  // for the time.
  if (result.kind === "error" && violations.length === 0) throw result.error;
  if (result.kind === "invalid")
    addMissing(violations, describeFirst(result.violations, reflect(schema, message)));
  addMissing(violations, resourceViolations(schema, message));
  if (violations.length > 0) throw new ApiError("INVALID_REQUEST", { violations });
  return Buffer.from(toBinary(schema, message));
}

/** Describes as many violations as an answer can list, and one more to tell that there are more. */
const describeFirst = (violations: readonly Violation[], request: ReflectMessage): FieldViolation[] =>
  violations.slice(0, MAX_VIOLATIONS + 1).map((violation) => describeViolation(violation, request));

/** Clears the output-only fields of a resource to create or update, because servers ignore them (AIP-203). */
function clearOutputOnly(schema: DescMessage, message: Message): void {
  const resource = resourceOf(schema);
  if (!resource) return;
  const request = reflect(schema, message);
  if (!request.isSet(resource.field)) return;
  const given = request.get(resource.field) as ReflectMessage;
  for (const field of resource.outputOnly) given.clear(field);
}

/** Adds those violations whose fields have no violation in the list yet. */
function addMissing(violations: FieldViolation[], more: FieldViolation[]): void {
  const named = new Set(violations.map(({ field }) => field));
  for (const violation of more) {
    if (named.has(violation.field)) continue;
    named.add(violation.field);
    violations.push(violation);
  }
}

function parse(schema: DescMessage, bytes: Uint8Array): Message {
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false });
  } catch (cause) {
    throw new ApiError("INVALID_REQUEST", { detail: "The message is not valid protobuf.", cause });
  }
}

/**
 * Finds missing REQUIRED fields of a resource. With an update mask, also finds paths that name an unknown or
 * output-only field, and checks only the REQUIRED fields that the mask names.
 */
function resourceViolations(schema: DescMessage, message: Message): FieldViolation[] {
  const { field } = resourceOf(schema) ?? {};
  if (!field) return [];
  const request = reflect(schema, message);
  if (!request.isSet(field)) return [];
  const resource = request.get(field) as ReflectMessage;
  const maskField = schema.field.updateMask;
  if (!maskField)
    return field.message.fields.filter((f) => isMissing(f, resource)).map((f) => missing(field, f));
  const mask = maskPaths(request, maskField);
  return mask.flatMap((path): FieldViolation[] => {
    const target = field.message.fields.find((f) => f.name === path);
    if (!target) return [unknownPath(path, field.message)];
    if (behavesAs(target, FieldBehavior.OUTPUT_ONLY)) return [outputOnlyPath(target)];
    return isMissing(target, resource) ? [missing(field, target)] : [];
  });
}

const isUpdatable = (field: DescField): boolean => !behavesAs(field, FieldBehavior.OUTPUT_ONLY);

const unknownPath = (path: string, { fields }: DescMessage): FieldViolation => {
  const known = fields.filter(isUpdatable).map(({ name }) => `\`${name}\``);
  return { field: "update_mask", description: `unknown field ${shown(path)}${didYouMean(path, known)}` };
};

const outputOnlyPath = ({ name }: DescField): FieldViolation => ({
  field: "update_mask",
  description: `\`${name}\` is output only; leave it out`,
});

function maskPaths(request: ReflectMessage, maskField: DescField): string[] {
  if (maskField.message !== FieldMaskSchema && maskField.message?.typeName !== FieldMaskSchema.typeName)
    return [];
  if (!request.isSet(maskField)) return [];
  const mask = request.get(maskField) as ReflectMessage;
  return (mask.message as FieldMask).paths;
}

const isMissing = (field: DescField, resource: ReflectMessage): boolean =>
  behavesAs(field, FieldBehavior.REQUIRED) && !resource.isSet(field);

const missing = (parent: DescField, field: DescField): FieldViolation => ({
  field: `${parent.name}.${field.name}`,
  description: "must be given",
});

/**
 * Compiles the rules of messages in advance, which takes up to 100 ms for each. Yields to the event loop
 * after each message, so that calls are served in between. A call whose rules are not compiled yet compiles
 * them itself.
 */
export async function warmUpValidation(schemas: Iterable<DescMessage>): Promise<void> {
  for (const schema of schemas) {
    await setImmediate();
    validator.validate(schema, create(schema));
  }
}
