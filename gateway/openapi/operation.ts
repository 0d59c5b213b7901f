import type { DescField } from "@bufbuild/protobuf";
import type { Method } from "@medconnect/platform/contract/methods.ts";
import { behavesAs } from "@medconnect/platform/contract/resource.ts";
import { FieldBehavior } from "@medconnect/proto/es/google/api/field_behavior_pb.js";
import {
  MethodRules_Access as Access,
  MethodRules_Idempotency as Idempotency,
  MethodRules_Role as Role,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import type { Route } from "../rpc/routes.ts";
import { HTTP_BODY } from "../transcoding/binding.ts";
import { FORM } from "../transcoding/body.ts";
import { commentOn, splitComment } from "./comments.ts";
import { exampleOf, exampleValue } from "./examples.ts";
import { isRequired, messageRulesOf } from "./field-rules.ts";
import { ref, type Schema } from "./json-schema.ts";
import { problemResponses, takesIfMatch } from "./problem-responses.ts";
import type { Schemas } from "./schemas.ts";
import { tagOf } from "./tags.ts";

/** Names of security schemes. The second is the name of RFC 7591 §2. */
export const SERVICE_ACCOUNT = "serviceAccount";
export const CLIENT_SECRET_BASIC = "client_secret_basic";

/** The OpenAPI operation of a route. */
export function operationOf(route: Route, schemas: Schemas): Schema {
  const { method } = route;
  const { summary, rest } = splitComment(commentOn(method.desc));
  return {
    operationId: operationIdOf(method),
    ...deprecationOf(method),
    summary,
    description: `${rest}${rulesOfQuery(route)}\n\n${accessOf(method)}${freshnessOf(method)}`.trim(),
    tags: [tagOf(method)],
    ...(method.rules.access === Access.ROLES && { "x-roles": method.rules.roles.map((role) => Role[role]) }),
    ...bodyNameOf(route),
    ...securityOf(method),
    parameters: parametersOf(route, schemas),
    ...requestBodyOf(route, schemas),
    responses: { ...successOf(route, schemas), ...problemResponses(route) },
  };
}

/** The method's name in lowerCamelCase: `createBooking`. Generated clients name their functions so. */
export const operationIdOf = ({ name }: Method): string => name.charAt(0).toLowerCase() + name.slice(1);

/** Rules about several parameters. For a body, its schema has them. */
const rulesOfQuery = ({ method, binding }: Route): string =>
  binding.body === ""
    ? messageRulesOf(method.input)
        .map((rule) => ` ${rule}`)
        .join("")
    : "";

function accessOf({ rules }: Method): string {
  switch (rules.access) {
    case Access.PUBLIC:
      return "For anyone. Tokens are ignored.";
    case Access.OPTIONAL:
      return "For anyone. With a token, the answer may contain more.";
    case Access.ROLES:
      return `For ${callersOf(rules.roles)}.${byScope(rules.scopes)}`;
    default:
      return "For any signed-in user.";
  }
}

const freshnessOf = ({ rules }: Method): string =>
  rules.freshSignIn ? " Needs a recent sign-in (`REAUTHENTICATION_REQUIRED`)." : "";

const byScope = (scopes: string[]): string =>
  scopes.length > 0
    ? ` Also for service accounts with the scope ${scopes.map((s) => `\`${s}\``).join(" or ")}.`
    : "";

/** Roles in a sentence: "patients and doctors". */
const callersOf = (roles: readonly Role[]): string =>
  new Intl.ListFormat("en").format(roles.map((role) => `${Role[role].toLowerCase()}s`));

function deprecationOf({ rules, desc }: Method): Schema {
  return desc.deprecated ? { deprecated: true, "x-sunset": rules.sunsetDate } : {};
}

/** Name of the resource that the body is, for clients that take all parts of a request as one object. */
const bodyNameOf = ({ binding: { body } }: Route): Schema =>
  body === "" || body === "*" ? {} : { "x-body": body.jsonName };

/** The document says that operations need a token. These are the others. */
function securityOf({ rules }: Method): Schema {
  if (rules.oauth) return { security: [{ [CLIENT_SECRET_BASIC]: [] }, {}] };
  if (rules.access === Access.PUBLIC) return { security: [] };
  if (rules.access === Access.OPTIONAL) return { security: [{}, { bearer: [] }] };
  if (rules.scopes.length === 0) return {};
  return { security: [{ bearer: [] }, ...rules.scopes.map((scope) => ({ [SERVICE_ACCOUNT]: [scope] }))] };
}

function parametersOf(route: Route, schemas: Schemas): Schema[] {
  const { method, binding } = route;
  const inPath = binding.variables.flatMap((fields) =>
    fields.slice(-1).map((field) => ({
      ...parameter("path", fields.map(({ jsonName }) => jsonName).join("."), field, schemas),
      required: true,
    })),
  );
  const inQuery = [...binding.query].map(([name, field]) => ({
    ...parameter("query", name, field, schemas),
    ...(isRequired(field) && { required: true }),
  }));
  const inHeaders = binding.headers.flatMap(({ field, names }) =>
    names.map((name) => ({
      ...parameter("header", name, field, schemas),
      ...(names.length === 1 && { required: true }),
    })),
  );
  const { idempotency } = method.rules;
  return [
    ...inPath,
    ...inQuery,
    ...inHeaders,
    ...(idempotency === Idempotency.REQUIRED ? [ref("parameters", "IdempotencyKeyRequired")] : []),
    ...(idempotency === Idempotency.ACCEPTED ? [ref("parameters", "IdempotencyKey")] : []),
    ...(takesIfMatch(route) ? [ref("parameters", "IfMatch")] : []),
    ...(isConditional(route) ? [ref("parameters", "IfNoneMatch")] : []),
  ];
}

function parameter(
  where: "path" | "query" | "header",
  name: string,
  field: DescField,
  schemas: Schemas,
): Schema {
  const { description, ...schema } = schemas.field(field, "request");
  // An invented id would name nothing, so ids have no example.
  const hasExample = where === "path" && schema.format !== "uuid";
  return { name, in: where, description, schema, ...(hasExample && { example: exampleValue(field) }) };
}

function requestBodyOf({ method, binding, httpMethod }: Route, schemas: Schemas): Schema {
  const { body } = binding;
  if (body === "") return {};
  if (binding.takesRawBody) {
    return {
      requestBody: { required: true, content: { "application/octet-stream": { schema: {} } } },
    };
  }
  const inPath = new Set(binding.variables.map(([first]) => first));
  const inHeaders = new Set([binding.idempotencyKey, ...binding.headers.map(({ field }) => field)]);
  const desc = body === "*" ? method.input : body.message;
  const direction = httpMethod === "PATCH" ? "patch" : binding.takesForm ? "form" : "request";
  const fields = desc.fields.filter((field) => {
    if (direction === "patch") return !behavesAs(field, FieldBehavior.IMMUTABLE);
    return !inPath.has(field) && !inHeaders.has(field);
  });
  const settable = fields.filter((f) => f.name !== "etag" && !behavesAs(f, FieldBehavior.OUTPUT_ONLY));
  // A resource has its required fields already. An example that changed them could rename a demo account.
  const shown = settable.filter((f) => direction !== "patch" || !behavesAs(f, FieldBehavior.REQUIRED));
  const { schema, required } = schemas.body(`${method.name}Body`, desc, fields, direction);
  return {
    requestBody: {
      ...(required && { required }),
      content: { [binding.takesForm ? FORM : "application/json"]: { schema, example: exampleOf(shown) } },
    },
  };
}

/** More than the longest file: 10,000 lines of far less than 16 KiB. */
const MAX_FILE_LENGTH = 10_000 * 16_384;

const ACCEPTED = {
  description: "Accepted. The outcome follows by other means, such as mail.",
  content: { "application/json": { schema: { type: "object", maxProperties: 0 }, example: {} } },
};

/** True for reads whose answer has an ETag, which `If-None-Match` can name. */
const isConditional = ({ method, httpMethod }: Route): boolean =>
  httpMethod === "GET" && method.output.field.etag !== undefined;

function successOf(route: Route, schemas: Schemas): Record<string, Schema> {
  const { binding } = route;
  const { output, rules } = route.method;
  const headers = {
    ...(output.field.etag && { ETag: ref("headers", "ETag") }),
    ...(rules.creates && rules.location !== "" && { Location: ref("headers", "Location") }),
    ...(binding.outputOnly.length > 0 && { "X-Ignored-Fields": ref("headers", "X-Ignored-Fields") }),
  };
  const withHeaders = Object.keys(headers).length > 0 ? { headers } : {};
  if (output.typeName === HTTP_BODY) {
    return {
      200: {
        description:
          "Lines of JSON: items, each with the schema of those in the list, and last `nextPageToken`.",
        ...withHeaders,
        content: { [rules.mediaType]: { schema: { type: "string", maxLength: MAX_FILE_LENGTH } } },
      },
    };
  }
  const accepted = rules.accepts && { 202: { ...ACCEPTED, ...withHeaders } };
  if (output.fields.length === 0) return accepted || { 204: { description: "Done.", ...withHeaders } };
  const content = {
    "application/json": { schema: schemas.answer(output) },
  };
  const unchanged = isConditional(route) && { 304: ref("responses", "NotModified") };
  const [status, description] = rules.creates ? [201, "Created."] : [200, "OK."];
  return { [status]: { description, ...withHeaders, content }, ...accepted, ...unchanged };
}
