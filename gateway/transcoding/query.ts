import { type DescField, type JsonObject, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { invalidField } from "@medconnect/platform/errors/api-error.ts";
import { didYouMean } from "@medconnect/platform/errors/did-you-mean.ts";
import { type FieldViolation, MAX_VIOLATIONS } from "@medconnect/platform/errors/limit-violations.ts";
import type { RequestBinding } from "./binding.ts";
import { headerFilling } from "./field-names.ts";
import { type FormParameters, parseForm } from "./form-encoding.ts";

/** Maximum number of parameters that an error lists. */
const MAX_LISTED = 10;

/**
 * Converts query parameters to JSON, according to the types of the fields that they fill. Adds errors to
 * `violations`.
 *
 * @param text the raw query, without the question mark
 */
export function queryToJson(text: string, binding: RequestBinding, violations: FieldViolation[]): JsonObject {
  const json: JsonObject = {};
  for (const [name, values] of parse(text)) {
    if (violations.length > MAX_VIOLATIONS) break;
    const field = binding.query.get(name);
    if (!field) violations.push({ field: name, description: unknownParameter(name, binding) });
    else if (field.fieldKind === "list") json[name] = values.map((value) => textToJson(field, value));
    else if (values.length > 1)
      violations.push({ field: name, description: "given more than once; send it once" });
    else json[name] = textToJson(field, values[0]);
  }
  return json;
}

function unknownParameter(name: string, binding: RequestBinding): string {
  const { query: parameters, body, input } = binding;
  const header = headerFilling(binding, name);
  if (header) return `unknown query parameter; send the header ${header}`;
  const inBody = body === "*" ? input : body === "" ? undefined : body.message;
  if (inBody?.fields.some(({ jsonName }) => jsonName === name))
    return "unknown query parameter; send it as a field of the JSON body";
  const known = [...parameters.keys()];
  const meant = didYouMean(name, known);
  if (meant !== "") return `unknown query parameter${meant}`;
  if (parameters.size === 0) return "unknown query parameter; this route has none";
  const listed = known.slice(0, MAX_LISTED).join(", ");
  return `unknown query parameter; this route has ${listed}${parameters.size > MAX_LISTED ? ", …" : ""}`;
}

/**
 * JSON value of a text in a path or query. In canonical JSON, numbers, times and enums may be text, but
 * booleans may not.
 */
export function textToJson(field: DescField, text: string): JsonValue {
  const isBool = field.scalar === ScalarType.BOOL && (text === "true" || text === "false");
  return isBool ? text === "true" : text;
}

function parse(text: string): FormParameters {
  try {
    return parseForm(text);
  } catch {
    throw invalidField("", "The query is not valid percent-encoded UTF-8. Write a literal % as %25.");
  }
}
