import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { DescField, JsonObject } from "@bufbuild/protobuf";
import { invalidField } from "@medconnect/platform/errors/api-error.ts";
import type { FieldViolation } from "@medconnect/platform/errors/limit-violations.ts";
import { decodeForm, type FormParameters, parseForm } from "./form-encoding.ts";

/**
 * Reads a request of an OAuth endpoint (RFC 6749 §3.2) as JSON: the form in its body, and the client's id and
 * secret in HTTP Basic. Ignores unknown parameters, and takes a parameter without a value for absent, as the
 * RFC requires. Adds a violation for a parameter that is sent more than once. Throws INVALID_REQUEST for a
 * text that cannot be decoded.
 *
 * @param fields the parameters, by name
 */
export function oauthFormToJson(
  request: IncomingMessage,
  body: Buffer,
  fields: ReadonlyMap<string, DescField>,
  violations: FieldViolation[],
): JsonObject {
  const json: JsonObject = {};
  for (const [name, values] of parse(body)) {
    if (values.length > 1) violations.push({ field: name, description: "is sent more than once" });
    else if (fields.has(name) && values[0] !== "") json[name] = values[0];
  }
  const client = basicCredentialsOf(request);
  if (!client) return json;
  if (json.client_secret !== undefined || (json.client_id ?? client.client_id) !== client.client_id) {
    const field = json.client_secret === undefined ? "client_id" : "client_secret";
    violations.push({ field, description: "is sent in Authorization already; leave it out of the form" });
  }
  return { ...json, ...client };
}

function parse(body: Buffer): FormParameters {
  try {
    if (!isUtf8(body)) throw new URIError();
    return parseForm(body.toString());
  } catch {
    throw invalidField("", "The form is not valid percent-encoded UTF-8. Write a literal % as %25.");
  }
}

/** The lookahead keeps the two runs of spaces apart, because matching both would take quadratic time. */
const BASE64 = /^Basic +(?=\S)((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?) *$/i;

/**
 * Id and secret in HTTP Basic, each encoded like a form (RFC 6749 §2.3.1); undefined without Basic. Other
 * schemes are ignored, as on every method that anyone may call. Throws INVALID_REQUEST.
 */
function basicCredentialsOf({
  headers: { authorization = "" },
}: IncomingMessage): { client_id: string; client_secret: string } | undefined {
  if (!/^Basic(?: |$)/i.test(authorization)) return undefined;
  const bytes = Buffer.from(BASE64.exec(authorization)?.[1] ?? "", "base64");
  const [id, ...secret] = isUtf8(bytes) ? bytes.toString().split(":") : [];
  try {
    if (id === undefined || secret.length === 0) throw new URIError();
    return { client_id: decodeForm(id), client_secret: decodeForm(secret.join(":")) };
  } catch {
    throw invalidField(
      "Authorization",
      "must be Basic with id and secret, each form-encoded, joined by a colon, in base64 (RFC 6749 section 2.3.1)",
    );
  }
}
