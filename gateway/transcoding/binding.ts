import { type DescField, type DescMessage, getOption } from "@bufbuild/protobuf";
import { headers as headersOption } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { HttpBinding } from "../routing/http-rule.ts";
import { bodyLimitOf } from "./body-limit.ts";
import { isWellKnown } from "./strict-json.ts";

/** The message whose content is the raw body of a request or an answer. */
export const HTTP_BODY = "google.api.HttpBody";

/** Where each part of an HTTP request goes in a method's input. Made once per route. */
export interface RequestBinding {
  readonly input: DescMessage;
  /** The field behind each variable of the path, as a path of fields from the input down. */
  readonly variables: readonly (readonly DescField[])[];
  /** The fields that are query parameters, by the parameter's name. */
  readonly query: ReadonlyMap<string, DescField>;
  /** The body fills this field, all fields that are left ("*"), or there is none (""). */
  readonly body: DescField | "*" | "";
  /** Body limit, in bytes. */
  readonly bodyLimit: number;
  /** The body is passed on untouched, whatever its media type (google.api.HttpBody). */
  readonly takesRawBody: boolean;
  /** Filled from the Idempotency-Key header. */
  readonly idempotencyKey: DescField | undefined;
  /** Filled from headers of the request, each from the first that is there. */
  readonly headers: readonly HeaderField[];
  /** Says which fields of the body's resource to change (AIP-134). */
  readonly updateMask: DescField | undefined;
  /** The versions that the body's resource may replace, by commas; narrowed by If-Match (AIP-154). */
  readonly etag: DescField | undefined;
}

/** A field that says by which headers it is filled (medconnect.options.v1.headers). */
export interface HeaderField {
  readonly field: DescField;
  readonly names: readonly string[];
}

/** Throws for a rule that does not fit its method's input: a mistake in a proto. */
export function bindRequest(input: DescMessage, { template, body }: HttpBinding): RequestBinding {
  const variables = template.segments.flatMap((segment) =>
    segment.kind === "variable" ? [fieldsAlong(input, segment.fieldPath)] : [],
  );
  const bodyField = body === "" || body === "*" ? body : fieldNamed(input, body);
  const idempotencyKey = input.fields.find((field) => field.name === "idempotency_key");
  const headers = input.fields
    .map((field) => ({ field, names: getOption(field, headersOption) }))
    .filter(({ names }) => names.length > 0);
  const isFromElsewhere = (field: DescField) =>
    field === bodyField ||
    field === idempotencyKey ||
    headers.some((header) => header.field === field) ||
    variables.some(([first]) => first === field);
  const parameters = body === "*" ? [] : input.fields.filter((field) => !isFromElsewhere(field));
  const resource = typeof bodyField === "object" ? bodyField.message : undefined;
  return {
    input,
    variables,
    query: new Map(parameters.map((field) => [field.jsonName, asParameter(field)])),
    body: bodyField,
    bodyLimit: bodyLimitOf(input, bodyField),
    takesRawBody: resource?.typeName === HTTP_BODY,
    idempotencyKey,
    headers,
    updateMask: input.fields.find((field) => field.name === "update_mask"),
    etag: resource?.fields.find((field) => field.name === "etag"),
  };
}

function fieldsAlong(input: DescMessage, names: readonly string[]): DescField[] {
  let desc: DescMessage | undefined = input;
  return names.map((name) => {
    const field = fieldNamed(desc, name);
    desc = field.fieldKind === "message" ? field.message : undefined;
    return field;
  });
}

function fieldNamed(desc: DescMessage | undefined, name: string): DescField {
  const field = desc?.fields.find((candidate) => candidate.name === name);
  if (!field) throw new Error(`HTTP rule names ${name}, which ${desc?.typeName ?? "a scalar"} does not have`);
  return field;
}

/** A parameter's value is text, so its field must be one that text can say. */
function asParameter(field: DescField): DescField {
  const isText = field.fieldKind !== "map" && (!field.message || isWellKnown(field.message));
  if (!isText) throw new Error(`${field} cannot be a query parameter`);
  return field;
}
