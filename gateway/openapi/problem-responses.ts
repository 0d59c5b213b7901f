import { STATUS_CODES } from "node:http";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { catalogue, type Reason, ruleOf } from "@medconnect/platform/errors/catalogue.ts";
import {
  MAX_DESCRIPTION_LENGTH,
  MAX_FIELD_LENGTH,
  MAX_VIOLATIONS,
} from "@medconnect/platform/errors/limit-violations.ts";
import { MAX_REQUEST_ID_LENGTH } from "@medconnect/platform/ids/ids.ts";
import {
  MethodRules_Access as Access,
  MethodRules_Idempotency as Idempotency,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { Reason as ReasonNumber } from "@medconnect/proto/es/medconnect/options/v1/reason_pb.js";
import {
  MAX_DESCRIPTION_LENGTH as MAX_OAUTH_DESCRIPTION,
  OAUTH_ERRORS,
  oauthErrorOf,
} from "../http/oauth-error.ts";
import { PROBLEM_MEDIA_TYPE, problemsOf } from "../http/problem.ts";
import type { Route } from "../rpc/routes.ts";
import { ref, type Schema } from "./json-schema.ts";

/** Error reasons that every route can answer with. */
const COMMON_REASONS: Reason[] = [
  "INVALID_REQUEST",
  "MALFORMED_REQUEST",
  "HOST_NOT_ALLOWED",
  "ETAG_MISMATCH",
  "HEADERS_TOO_LARGE",
  "REQUEST_TIMEOUT",
  "EXPECTATION_FAILED",
  "RATE_LIMITED",
  "TOO_MANY_CONCURRENT_REQUESTS",
  "UNAVAILABLE",
  "DEADLINE_EXCEEDED",
  "INTERNAL",
  "RECORD_ALTERED",
];
const FORM_REASONS: Reason[] = ["BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"];
const JSON_REASONS: Reason[] = ["MALFORMED_JSON", ...FORM_REASONS];
const KEY_REASONS: Reason[] = ["IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS"];
const TOKEN_REASONS: Reason[] = ["UNAUTHENTICATED", "REVOCATION_UNKNOWN"];

/** Reasons that mean the same on every route. */
const GENERAL_REASONS = new Set<Reason>([
  ...COMMON_REASONS,
  ...JSON_REASONS,
  ...KEY_REASONS,
  ...TOKEN_REASONS,
  "IDEMPOTENCY_KEY_REQUIRED",
  "PERMISSION_DENIED",
  "NOT_FOUND",
]);

/**
 * General reasons that clients handle on every route. The others are rare, or faults of the system; the answer
 * `default` describes them.
 */
const LISTED_REASONS: Reason[] = [
  "INVALID_REQUEST",
  "MALFORMED_JSON",
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "NOT_FOUND",
  "IDEMPOTENCY_KEY_REQUIRED",
  ...KEY_REASONS,
];
/** Reasons that `default` describes. */
const REASONS_OF_DEFAULT = new Set([...GENERAL_REASONS].filter((reason) => !LISTED_REASONS.includes(reason)));

/**
 * All error reasons that a route can answer with: those of every route, those that follow from the rules of
 * its method, and those that the method declares.
 */
export function reasonsOf({ method, binding }: Route): Reason[] {
  const { rules } = method;
  const reasons: Reason[] = [...COMMON_REASONS];
  if (binding.body !== "") reasons.push(...(binding.takesForm ? FORM_REASONS : JSON_REASONS));
  if (rules.access !== Access.PUBLIC) reasons.push(...TOKEN_REASONS);
  if (rules.access === Access.ROLES) reasons.push("PERMISSION_DENIED");
  if (rules.freshSignIn) reasons.push("REAUTHENTICATION_REQUIRED");
  if (rules.idempotency !== Idempotency.IDEMPOTENCY_UNSPECIFIED) reasons.push(...KEY_REASONS);
  if (rules.idempotency === Idempotency.REQUIRED) reasons.push("IDEMPOTENCY_KEY_REQUIRED");
  const declared = rules.errors.map((number) => ReasonNumber[number] as Reason);
  return [...new Set([...reasons, ...declared])];
}

const byStatus = (reasons: Iterable<Reason>): [number, Reason[]][] =>
  [...Map.groupBy(reasons, (reason) => ruleOf(reason).httpStatus)].sort(([a], [b]) => a - b);

/**
 * Error answers of a route by HTTP status. Answers with reasons of the route's own are written out; others
 * refer to those that all routes share.
 */
export function problemResponses(route: Route): Record<string, Schema> {
  if (route.method.rules.oauth) return oauthErrorResponses(route);
  const isListed = (reason: Reason) =>
    !REASONS_OF_DEFAULT.has(reason) || (reason === "ETAG_MISMATCH" && takesIfMatch(route));
  const listed = reasonsOf(route).filter(isListed);
  const responses = byStatus(listed).map(([status, reasons]) => [
    status,
    reasons.every((reason) => GENERAL_REASONS.has(reason))
      ? ref("responses", nameOf(status))
      : problemResponse(reasons, [status]),
  ]);
  return { ...Object.fromEntries(responses), default: ref("responses", "Error") };
}

/** Error answers of an OAuth endpoint by HTTP status. No other routes have answers of this shape to share. */
function oauthErrorResponses(route: Route): Record<string, Schema> {
  const reasons = reasonsOf(route);
  const listed = byStatus(reasons.filter((reason) => !REASONS_OF_DEFAULT.has(reason)));
  const others = byStatus(reasons.filter((reason) => REASONS_OF_DEFAULT.has(reason)));
  const responses = listed.map(([status, ofStatus]) => [
    status,
    errorResponse(describe(ofStatus), [status], OAUTH_ERROR),
  ]);
  const description = `Also ${others.flatMap(([, ofStatus]) => ofStatus.map(inCode)).join(", ")}.`;
  const statuses = others.map(([status]) => status);
  return { ...Object.fromEntries(responses), default: errorResponse(description, statuses, OAUTH_ERROR) };
}

/** True for conditional updates. */
export const takesIfMatch = ({ binding, httpMethod }: Route): boolean =>
  binding.etag !== undefined && httpMethod !== "POST";

/** The error answers that routes share, by name. */
export function sharedResponses(): Record<string, Schema> {
  const listed = byStatus([...LISTED_REASONS, "ETAG_MISMATCH"]).map(([status, reasons]) => [
    nameOf(status),
    problemResponse(reasons, [status]),
  ]);
  const others = byStatus(REASONS_OF_DEFAULT);
  const error = problemResponse(
    others.flatMap(([, reasons]) => reasons),
    others.map(([status]) => status),
  );
  return { ...Object.fromEntries(listed), Error: error };
}

/** Name of the shared answer with a status: "NotFound" for 404. */
const nameOf = (status: number): string => (STATUS_CODES[status] ?? "").replaceAll(/\W/g, "");

const PROBLEM = { [PROBLEM_MEDIA_TYPE]: { schema: ref("schemas", "Problem") } };
const OAUTH_ERROR = { "application/json": { schema: ref("schemas", "OAuthError") } };

const problemResponse = (reasons: Reason[], statuses: number[]): Schema =>
  errorResponse(describe(reasons), statuses, PROBLEM);

function errorResponse(description: string, statuses: number[], content: Schema): Schema {
  const headers = {
    ...((statuses.includes(429) || statuses.includes(503)) && {
      "Retry-After": ref("headers", "Retry-After"),
    }),
    ...(statuses.includes(401) && { "WWW-Authenticate": ref("headers", "WWW-Authenticate") }),
  };
  return { description, ...(Object.keys(headers).length > 0 && { headers }), content };
}

/**
 * The reasons with their meanings. General reasons beside those of the route's own are only named. Those of an
 * Idempotency-Key stand in its own description.
 */
function describe(reasons: readonly Reason[]): string {
  const own = reasons.filter((reason) => !GENERAL_REASONS.has(reason));
  const explained = own.length > 0 ? own : reasons;
  const others = reasons
    .filter((reason) => !explained.includes(reason) && !KEY_REASONS.includes(reason))
    .map(inCode);
  const meanings = explained.map((reason) => `\`${reason}\`: ${ruleOf(reason).title}`);
  return [...meanings, ...(others.length > 0 ? [`Also ${others.join(", ")}.`] : [])].join("\n\n");
}

const inCode = (reason: Reason): string => `\`${reason}\``;

const REQUEST_ID = {
  type: "string",
  maxLength: MAX_REQUEST_ID_LENGTH,
  description: "Quote it in support requests.",
};
/** Maximum length of the link to the description of a reason, most of which is the host of the API. */
const MAX_LINK_LENGTH = 1000;
const TRACE_URL = {
  type: "string",
  format: "uri",
  maxLength: MAX_LINK_LENGTH,
  description: "Page of the request's trace. Only of a local system (`npm start`).",
};
/** Far more than the quotas of a request: its rate class, the address, and the concurrent requests. */
const MAX_POLICIES = 10;
/** Maximum length of a fact, such as a time, a limit, or the names of all statuses. */
const MAX_FACT_LENGTH = 250;

/** Schema of an error answer: a problem of RFC 9457, with this API's own members such as `reason`. */
export const problemSchema = (apiUrl: string): Schema => ({
  type: "object",
  description: "An error (RFC 9457). Switch on `reason`; the texts may change.",
  properties: {
    type: {
      type: "string",
      format: "uri",
      maxLength: MAX_LINK_LENGTH,
      description: "Link to the description of the reason, or its type in IANA's registry.",
    },
    title: { type: "string", maxLength: 500, description: "The reason in one sentence." },
    status: { type: "integer", minimum: 400, maximum: 599, description: "HTTP status." },
    detail: { type: "string", maxLength: 4096, description: "Explanation of this occurrence." },
    code: { type: "string", maxLength: 30, description: "Name of the gRPC status code." },
    reason: {
      type: "string",
      enum: [...catalogue.keys()].sort(),
      description: "Stable identifier of the kind of error.",
    },
    requestId: REQUEST_ID,
    traceUrl: TRACE_URL,
    errors: {
      type: "array",
      maxItems: MAX_VIOLATIONS,
      description: "The invalid fields, with `INVALID_REQUEST`.",
      items: {
        type: "object",
        properties: {
          field: {
            type: "string",
            maxLength: MAX_FIELD_LENGTH,
            description: "Path of the field, or name of the header; empty for the whole request.",
          },
          description: {
            type: "string",
            maxLength: MAX_DESCRIPTION_LENGTH,
            description: "The rule that the value breaks.",
          },
        },
        required: ["field", "description"],
      },
    },
    metadata: {
      type: "object",
      description: "Machine-readable facts of this occurrence.",
      additionalProperties: { type: "string", maxLength: MAX_FACT_LENGTH },
    },
    "violated-policies": {
      type: "array",
      maxItems: MAX_POLICIES,
      description: "The exceeded quotas, with status 429, by their names in `RateLimit-Policy`.",
      items: { type: "string", maxLength: 20 },
    },
  },
  required: ["type", "title", "status", "detail", "code", "reason", "requestId"],
  example: problemsOf(apiUrl)(new ApiError("SLOT_UNAVAILABLE"), "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21"),
});

/** Schema of an error of an OAuth endpoint (RFC 6749 §5.2). */
export const oauthErrorSchema = (apiUrl: string): Schema => ({
  type: "object",
  description: "An error of an OAuth endpoint (RFC 6749 §5.2). Switch on `error`; the texts may change.",
  properties: {
    error: {
      type: "string",
      enum: OAUTH_ERRORS,
      description: "The error code of RFC 6749.",
    },
    error_description: {
      type: "string",
      maxLength: MAX_OAUTH_DESCRIPTION,
      description: "Explanation of this occurrence.",
    },
    error_uri: {
      type: "string",
      format: "uri",
      maxLength: MAX_LINK_LENGTH,
      description: "Link to the description of the reason.",
    },
    requestId: REQUEST_ID,
    traceUrl: TRACE_URL,
  },
  required: ["error", "error_description", "error_uri", "requestId"],
  example: oauthErrorOf(new ApiError("INVALID_CLIENT"), apiUrl, "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21"),
});
