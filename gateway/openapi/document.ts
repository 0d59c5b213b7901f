import { scopes } from "@medconnect/platform/contract/scopes.ts";
import { TOKEN_PATH } from "@medconnect/platform/contract/token-endpoint.ts";
import type { Route } from "../rpc/routes.ts";
import { IDEMPOTENCY_KEY, IF_MATCH, MAX_TAGS_LENGTH } from "../transcoding/headers.ts";
import { MAX_INT32 } from "./field-rules.ts";
import { introduction, TITLE } from "./introduction.ts";
import { itemIdOf } from "./item-id.ts";
import { ref, type Schema } from "./json-schema.ts";
import { CLIENT_SECRET_BASIC, operationIdOf, operationOf, SERVICE_ACCOUNT } from "./operation.ts";
import { documentedPath } from "./operation-place.ts";
import { oauthErrorSchema, problemSchema, sharedResponses } from "./problem-responses.ts";
import { Schemas } from "./schemas.ts";
import { shareParameters } from "./shared-parameters.ts";
import { shareResponses } from "./shared-responses.ts";
import { inOrderOfTasks, tagsOf } from "./tags.ts";

/** Generates the OpenAPI 3.1 document of the routes. Its only source is the contract: the .proto files. */
export function openApiDocument(routes: readonly Route[], apiUrl: string): Schema {
  const schemas = new Schemas();
  const paths: Record<string, Schema> = {};
  for (const route of inOrderOfTasks(routes)) {
    const path = documentedPath(route);
    paths[path] = {
      ...paths[path],
      [route.httpMethod.toLowerCase()]: { ...operationOf(route, schemas), ...itemIdOf(route, routes) },
    };
  }
  const responses = { NotModified: NOT_MODIFIED, ...sharedResponses(), ...shareResponses(paths) };
  return {
    openapi: "3.1.1",
    info: {
      title: TITLE,
      version: "1",
      description: introduction(routes, apiUrl),
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      contact: { name: "MedConnect", url: `${apiUrl}/docs` },
    },
    servers: [{ url: apiUrl }],
    tags: tagsOf(routes, apiUrl),
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: {
        OAuthError: oauthErrorSchema(apiUrl),
        Problem: problemSchema(apiUrl),
        ...sorted(schemas.components),
      },
      responses,
      parameters: { ...parameters, ...shareParameters(paths) },
      headers,
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            "Access token from login, or token of a service account (RFC 9068). Valid for five minutes.",
        },
        [SERVICE_ACCOUNT]: {
          type: "oauth2",
          description: "Token of a service account.",
          flows: {
            clientCredentials: {
              tokenUrl: apiUrl + TOKEN_PATH,
              scopes: Object.fromEntries(
                [...scopes].sort().map((scope) => [scope, callsWith(scope, routes)]),
              ),
            },
          },
        },
        [CLIENT_SECRET_BASIC]: {
          type: "http",
          scheme: "basic",
          description: "Id and secret of a service account, each form-encoded (RFC 6749 §2.3.1).",
        },
      },
    },
  };
}

/** Names the operations that a scope allows. */
function callsWith(scope: string, routes: readonly Route[]): string {
  const allowed = routes.filter(({ method }) => method.rules.scopes.includes(scope));
  return `Call ${allowed.map(({ method }) => operationIdOf(method)).join(", ")}.`;
}

const sorted = (components: Record<string, Schema>): Record<string, Schema> =>
  Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Quotes around 255 characters, each of which may be escaped. */
const MAX_KEY_LENGTH = 2 + 2 * 255;

const idempotencyKey = (required: boolean): Schema => ({
  name: "Idempotency-Key",
  in: "header",
  ...(required && { required }),
  description:
    "Makes retries safe: the same key with the same request gets the first answer again, or 409 `IDEMPOTENCY_IN_PROGRESS` until there is one. Another request with the key gets 422 `IDEMPOTENCY_KEY_REUSED`. 1 to 255 printable ASCII characters, such as a UUID; quoted (RFC 9651) or bare.",
  schema: { type: "string", maxLength: MAX_KEY_LENGTH, pattern: IDEMPOTENCY_KEY.source },
});

const NOT_MODIFIED = {
  description: "The answer is unchanged since the one in `If-None-Match`.",
  headers: { ETag: ref("headers", "ETag") },
};

const parameters = {
  IdempotencyKey: idempotencyKey(false),
  IdempotencyKeyRequired: idempotencyKey(true),
  IfMatch: {
    name: "If-Match",
    in: "header",
    description:
      "One or more `ETag` values from earlier reads. Gives 412 if the resource has changed since. Weak tags match nothing. An `etag` in the body must match as well.",
    schema: { type: "string", maxLength: MAX_TAGS_LENGTH, pattern: IF_MATCH.source },
  },
  IfNoneMatch: {
    name: "If-None-Match",
    in: "header",
    description: "The `ETag` of an earlier read. Gives 304 if the answer is unchanged.",
    schema: { type: "string", maxLength: MAX_TAGS_LENGTH },
  },
};

/** More than the longest header of an answer: the text of a 401 in `WWW-Authenticate`. */
const MAX_ANSWER_HEADER_LENGTH = 1024;

const header = (
  description: string,
  schema: Schema = { type: "string", maxLength: MAX_ANSWER_HEADER_LENGTH },
): Schema => ({ description, schema });

const headers = {
  ETag: header(
    "Version of the resource and a hash of the answer. `If-Match` compares the version, `If-None-Match` both.",
  ),
  Location: header("Path of the new resource."),
  "Retry-After": header("Seconds to wait before a retry.", {
    type: "integer",
    minimum: 1,
    maximum: MAX_INT32,
  }),
  "X-Ignored-Fields": header(
    "Read-only fields of the request whose values differ from those of the resource. They were ignored.",
  ),
  "WWW-Authenticate": header("Authentication scheme (RFC 6750)."),
};
