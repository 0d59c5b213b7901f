import type { IncomingMessage } from "node:http";
import { type DescField, fromJson, type JsonObject, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { versionOf } from "@medconnect/platform/api/update-mask.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { FieldViolation } from "@medconnect/platform/errors/limit-violations.ts";
import type { RequestBinding } from "./binding.ts";
import { headerFilling, withoutBodyField } from "./field-names.ts";
import { idempotencyKeyOf, ifMatchOf } from "./headers.ts";
import type { IgnoredFields } from "./ignored-fields.ts";
import { parseJsonObject } from "./json-text.ts";
import { oauthFormToJson } from "./oauth-form.ts";
import { queryToJson, textToJson } from "./query.ts";
import { isObject, violationsOf } from "./strict-json.ts";

/** Parts of an HTTP request that fill its message. */
export interface RequestParts {
  readonly request: IncomingMessage;
  /** Decoded values of the path variables. */
  readonly values: readonly string[];
  /** The raw query, without the question mark. */
  readonly query: string;
  /** Empty if the request has no body. */
  readonly body: Buffer;
}

export interface EncodedRequest {
  readonly message: Buffer;
  /** Undefined if nothing was ignored, or if an update mask names the fields to change. */
  readonly ignored: IgnoredFields | undefined;
}

/**
 * Encodes a request as the input of its method. First merges all parts into one JSON object, so that one
 * check and one conversion cover all parts. Throws INVALID_REQUEST (with every invalid field), MALFORMED_JSON
 * or ETAG_MISMATCH.
 */
export function encodeRequest(binding: RequestBinding, parts: RequestParts): EncodedRequest {
  const violations: FieldViolation[] = [];
  const json = {
    ...queryToJson(parts.query, binding, violations),
    ...bodyToJson(binding, parts, violations),
  };
  fillFromPath(json, binding, parts.values, violations);
  fillFromHeaders(json, binding, parts.request);
  const ignored = dropOutputOnly(json, binding);
  fillUpdateMask(json, binding);
  for (const { field, description } of violationsOf(binding.input, json)) {
    violations.push({ field: withoutBodyField(binding, field), description });
  }
  if (violations.length > 0) throw new ApiError("INVALID_REQUEST", { violations });
  const bytes = toBinary(binding.input, fromJson(binding.input, json));
  return { message: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), ignored };
}

function bodyToJson(
  binding: RequestBinding,
  { body, request }: RequestParts,
  violations: FieldViolation[],
): JsonObject {
  if (binding.body === "") {
    if (body.length > 0)
      violations.push({ field: "", description: "This route takes no body. Send the request without one." });
    return {};
  }
  if (binding.takesForm) {
    const fields = new Map(binding.input.fields.map((field) => [field.jsonName, field]));
    return oauthFormToJson(request, body, fields, violations);
  }
  if (binding.body === "*") {
    const json = parseJsonObject(body);
    // A field that a header fills must not be in the body. Otherwise a request could state two different
    // values.
    for (const name of Object.keys(json)) {
      const header = headerFilling(binding, name);
      if (header) violations.push({ field: name, description: `unknown field; send the header ${header}` });
    }
    return json;
  }
  if (binding.takesRawBody) {
    const contentType = request.headers["content-type"] ?? "";
    return { [binding.body.jsonName]: { contentType, data: body.toString("base64") } };
  }
  return { [binding.body.jsonName]: parseJsonObject(body) };
}

function fillFromPath(
  json: JsonObject,
  { variables }: RequestBinding,
  values: readonly string[],
  violations: FieldViolation[],
): void {
  for (const [index, fields] of variables.entries()) {
    // biome-ignore lint/style/noNonNullAssertion: a path variable names at least one field
    const last = fields.at(-1)!;
    const target = objectAt(json, fields.slice(0, -1));
    if (!target) continue;
    if (Object.hasOwn(target, last.jsonName)) {
      violations.push({
        field: last.jsonName,
        description: "given by the path; leave it out of the body",
      });
    }
    // biome-ignore lint/style/noNonNullAssertion: the router decodes a value for each variable
    target[last.jsonName] = textToJson(last, values[index]!);
  }
}

/**
 * The object at a path of fields, created if absent; undefined if the JSON has a value there that is no
 * object.
 */
function objectAt(json: JsonObject, fields: readonly DescField[]): JsonObject | undefined {
  let object = json;
  for (const { jsonName } of fields) {
    const inner = Object.hasOwn(object, jsonName) ? object[jsonName] : {};
    if (!isObject(inner)) return undefined;
    object[jsonName] = inner;
    object = inner;
  }
  return object;
}

function fillFromHeaders(
  json: JsonObject,
  { body, etag, idempotencyKey, headers }: RequestBinding,
  request: IncomingMessage,
) {
  for (const { field, names } of headers) {
    const name = names.find((candidate) => request.headers[candidate.toLowerCase()] !== undefined);
    if (name) json[field.jsonName] = String(request.headers[name.toLowerCase()]);
  }
  if (idempotencyKey) json[idempotencyKey.jsonName] = idempotencyKeyOf(request);
  if (!etag || typeof body !== "object") return;
  const resource = json[body.jsonName];
  const versions = ifMatchOf(request);
  if (versions === undefined || !isObject(resource)) return;
  resource[etag.jsonName] = withIfMatch(versions, resource[etag.jsonName] ?? "");
}

/**
 * Versions listed both in If-Match and in the etag of the body. Without an etag in the body, all versions in
 * If-Match. Throws ETAG_MISMATCH if no version is in both.
 */
function withIfMatch(versions: string[], etag: JsonValue): JsonValue {
  if (etag === "") return versions.join(",");
  // `violationsOf` later refuses an etag that is not a string.
  if (typeof etag !== "string") return etag;
  const both = etag.split(",").filter((each) => versions.includes(versionOf(each)));
  if (both.length > 0) return both.join(",");
  throw new ApiError("ETAG_MISMATCH", {
    detail:
      "If-Match and the body's `etag` name different versions. Send one of them, or the same version in both.",
  });
}

/**
 * Drops the output-only fields of a resource in the body, whatever their values (AIP-203), because clients may
 * send back a resource as they read it.
 */
function dropOutputOnly(
  json: JsonObject,
  { body, outputOnly, updateMask }: RequestBinding,
): IgnoredFields | undefined {
  const resource = typeof body === "object" ? json[body.jsonName] : undefined;
  if (typeof body !== "object" || !isObject(resource)) return undefined;
  const sent: JsonObject = {};
  for (const { jsonName } of outputOnly) {
    if (!Object.hasOwn(resource, jsonName)) continue;
    sent[jsonName] = resource[jsonName] ?? null;
    delete resource[jsonName];
  }
  const isMasked = updateMask !== undefined && json[updateMask.jsonName];
  return isMasked || Object.keys(sent).length === 0 ? undefined : { resource: body.message, sent };
}

/**
 * Fills an absent update mask with the fields that the body has. The service checks whether these fields may
 * change.
 */
function fillUpdateMask(json: JsonObject, { body, updateMask, etag }: RequestBinding): void {
  if (!updateMask || typeof body !== "object" || json[updateMask.jsonName]) return;
  const resource = json[body.jsonName];
  const given = body.message.fields.filter(
    (field) => field !== etag && isObject(resource) && Object.hasOwn(resource, field.jsonName),
  );
  json[updateMask.jsonName] = given.map((field) => field.jsonName).join(",");
}
