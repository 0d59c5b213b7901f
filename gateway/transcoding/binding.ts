import { type DescField, type DescMessage, getOption } from "@bufbuild/protobuf";
import { behavesAs } from "@medconnect/platform/contract/resource.ts";
import { FieldBehavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";
import type { MethodRules } from "@medconnect/proto/es/medconnect/options/v1/options_pb.d.ts";
import { headers as headersOption } from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { HttpBinding } from "../routing/http-rule.ts";
import { bodyLimitOf } from "./body-limit.ts";
import { isWellKnown } from "./strict-json.ts";

export type MessageField = Extract<DescField, { fieldKind: "message" }>;

/** Message type for a body that is not JSON, such as a file. */
export const HTTP_BODY = "google.api.HttpBody";

/** Maps the parts of an HTTP request to fields of the input of a method. Computed once per route. */
export interface RequestBinding {
  readonly input: DescMessage;
  /** For each path variable, the fields that lead from the input to the field that the variable fills. */
  readonly variables: readonly (readonly DescField[])[];
  /** Fields that query parameters fill, by the name of the parameter. */
  readonly query: ReadonlyMap<string, DescField>;
  /** Field that the body fills; "*" for all remaining fields; "" for no body. */
  readonly body: MessageField | "*" | "";
  /** Maximum size of the body, in bytes. */
  readonly bodyLimit: number;
  /** True if the body is forwarded unchanged, with any media type (google.api.HttpBody). */
  readonly takesRawBody: boolean;
  /** True if the body is a form instead of JSON, as at OAuth endpoints. */
  readonly takesForm: boolean;
  /** Field that the Idempotency-Key header fills. */
  readonly idempotencyKey: DescField | undefined;
  /** Fields that other headers fill. */
  readonly headers: readonly HeaderField[];
  /** Field that lists which fields of the resource to change (AIP-134). */
  readonly updateMask: DescField | undefined;
  /**
   * Field that lists the versions of the resource that an update may replace, separated by commas (AIP-154).
   * An If-Match header restricts the list further.
   */
  readonly etag: DescField | undefined;
  /** Fields of the resource in the body that requests may have, and that are ignored (AIP-203). */
  readonly outputOnly: readonly DescField[];
}

/**
 * A field that headers fill (medconnect.options.v1.headers). If a request has several of these headers, the
 * first in `names` fills the field.
 */
export interface HeaderField {
  readonly field: DescField;
  readonly names: readonly string[];
}

/**
 * Maps the parts of a request to fields of its method's input, as the HTTP rule says. Throws for a rule that
 * does not fit the input, which is a mistake in a proto.
 */
export function bindRequest(
  input: DescMessage,
  { template, body }: HttpBinding,
  { oauth }: Pick<MethodRules, "oauth">,
): RequestBinding {
  if (oauth && body !== "*") throw new Error(`${input}: a form fills all fields of an OAuth method`);
  const variables = template.segments.flatMap((segment) =>
    segment.kind === "variable" ? [fieldsAlong(input, segment.fieldPath)] : [],
  );
  const bodyField = body === "" || body === "*" ? body : messageField(input, body);
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
  const fields = resource?.fields ?? [];
  return {
    input,
    variables,
    query: new Map(parameters.map((field) => [field.jsonName, asParameter(field)])),
    body: bodyField,
    bodyLimit: bodyLimitOf(input, bodyField),
    takesRawBody: resource?.typeName === HTTP_BODY,
    takesForm: oauth,
    idempotencyKey,
    headers,
    updateMask: input.fields.find((field) => field.name === "update_mask"),
    etag: fields.find((field) => field.name === "etag"),
    outputOnly: fields.filter((field) => behavesAs(field, FieldBehavior.OUTPUT_ONLY)),
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
  if (!field)
    throw new Error(
      `HTTP rule names the field "${name}", which ${desc?.typeName ?? "a scalar"} does not have`,
    );
  return field;
}

function messageField(desc: DescMessage, name: string): MessageField {
  const field = fieldNamed(desc, name);
  if (field.fieldKind !== "message") throw new Error(`${field} cannot be a body: it is no message`);
  return field;
}

/** Refuses maps and plain messages, because a parameter is text, and these types have no text form. */
function asParameter(field: DescField): DescField {
  const isText = field.fieldKind !== "map" && (!field.message || isWellKnown(field.message));
  if (!isText) throw new Error(`${field} cannot be a query parameter: maps and messages have no text form`);
  return field;
}
