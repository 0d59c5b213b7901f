import { PROBLEM_TYPE_BASE } from "../http/problem.ts";
import type { Route } from "../rpc/routes.ts";
import { commentOn } from "./comments.ts";
import type { Schema } from "./json-schema.ts";
import { operationOf } from "./operation.ts";
import { problemExamples, problemSchema, reasonsOf } from "./problem-responses.ts";
import { Schemas } from "./schemas.ts";

const DESCRIPTION = `Telemedicine: accounts, doctors, bookings, consultations, prescriptions and payments.

JSON is the canonical protobuf mapping: \`lowerCamelCase\` names, times as RFC 3339 in UTC, 64-bit integers as text. Input
is strict: an unknown field or query parameter is an error that names it. Errors are RFC 9457 problems; \`reason\` is
what to switch on. Sign in with \`POST /v1/auth/login\` and send the access token as \`Authorization: Bearer\`. Internal
systems have service accounts: \`POST /v1/auth/token\` gives them tokens with scopes, which operations name.

Input has one canonical form, which answers show. Text is composed (NFC) and has no white space around it; invisible characters
are refused. Ids are UUIDs, in any case of letters. Times are in the years 1900 to 2200, dates exist, and a range does not end
before it starts. Time zones are IANA's, languages BCP 47, currencies those active in ISO 4217.`;

/** The OpenAPI 3.1 document of all routes, made from what the contract says and nothing else. */
export function openApiDocument(routes: readonly Route[]): Schema {
  const schemas = new Schemas();
  const paths: Record<string, Schema> = {};
  for (const route of routes) {
    paths[route.path] = {
      ...paths[route.path],
      [route.httpMethod.toLowerCase()]: operationOf(route, schemas),
    };
  }
  const services = new Set(routes.map((route) => route.method.desc.parent));
  return {
    openapi: "3.1.1",
    info: {
      title: "MedConnect API",
      version: "1",
      description: DESCRIPTION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      contact: { name: "MedConnect", url: PROBLEM_TYPE_BASE.replace(/\/errors#$/, "") },
    },
    servers: [{ url: "/", description: "This gateway" }],
    tags: [...services].map((service) => ({ name: service.name, description: commentOn(service) })),
    paths,
    components: {
      schemas: { Problem: problemSchema, ...sorted(schemas.components) },
      examples: problemExamples(new Set(routes.flatMap(reasonsOf))),
      parameters,
      headers,
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            "The access token that login answers, or the token of a service account (RFC 9068); good for five minutes.",
        },
      },
    },
  };
}

const sorted = (components: Record<string, Schema>): Record<string, Schema> =>
  Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1)));

const idempotencyKey = (required: boolean): Schema => ({
  name: "Idempotency-Key",
  in: "header",
  required,
  description:
    "Makes it safe to send the request again: the same key with the same request gets the first answer. 1 to 255 printable ASCII characters, such as a UUID; quoted (RFC 8941) or bare.",
  schema: { type: "string", minLength: 1 },
});

const parameters = {
  IdempotencyKey: idempotencyKey(false),
  IdempotencyKeyRequired: idempotencyKey(true),
  IfMatch: {
    name: "If-Match",
    in: "header",
    required: false,
    description:
      "The `ETag` that was read, or a list; 412 if the resource has changed since. Weak tags match nothing. An `etag` in the body must hold, too.",
    schema: { type: "string" },
  },
  IfNoneMatch: {
    name: "If-None-Match",
    in: "header",
    required: false,
    description: "The `ETag` that was read; 304 if the answer would be the same.",
    schema: { type: "string" },
  },
};

const header = (description: string, type = "string"): Schema => ({ description, schema: { type } });

const headers = {
  "x-request-id": header("The request's id: the one that was sent, or a new one."),
  "x-trace-id": header("The request's trace (W3C Trace Context)."),
  ETag: header(
    "The resource's version and a hash of the answer, for `If-Match` (compares the version) and `If-None-Match` (compares both).",
  ),
  Location: header("Where the new resource is."),
  "Idempotent-Replayed": header(
    "`true` where this Idempotency-Key was answered before, so that this call changed nothing.",
  ),
  RateLimit: header(
    'What is left of each quota, and seconds until it is whole again: `"read";r=599;t=42, "address";r=5990;t=42`.',
  ),
  "RateLimit-Policy": header(
    'The quotas and their windows in seconds: `"read";q=600;w=60, "address";q=6000;w=60`.',
  ),
  "Retry-After": header("Seconds until another try makes sense.", "integer"),
  "WWW-Authenticate": header("How to authenticate (RFC 6750)."),
};
