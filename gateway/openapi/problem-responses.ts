import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { catalogue, type Reason, ruleOf } from "@medconnect/platform/errors/catalogue.ts";
import {
  MethodRules_Access as Access,
  MethodRules_Idempotency as Idempotency,
} from "@medconnect/proto/es/medconnect/options/v1/options_pb.js";
import { Reason as ReasonNumber } from "@medconnect/proto/es/medconnect/options/v1/reason_pb.js";
import { PROBLEM_MEDIA_TYPE, problemOf } from "../http/problem.ts";
import type { Route } from "../rpc/routes.ts";
import { ref, type Schema } from "./json-schema.ts";

/** Error reasons that every route can answer with. */
const COMMON_REASONS: Reason[] = [
  "INVALID_REQUEST",
  "MALFORMED_REQUEST",
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

/**
 * All error reasons that a route can answer with: those of every route, those that follow from the rules of
 * its method, and those that the method declares.
 */
export function reasonsOf({ method, binding }: Route): Reason[] {
  const { rules } = method;
  const reasons: Reason[] = [...COMMON_REASONS];
  if (binding.body !== "") reasons.push("MALFORMED_JSON", "BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE");
  if (rules.access !== Access.PUBLIC) reasons.push("UNAUTHENTICATED", "REVOCATION_UNKNOWN");
  if (rules.access === Access.ROLES) reasons.push("PERMISSION_DENIED");
  if (rules.freshSignIn) reasons.push("REAUTHENTICATION_REQUIRED");
  if (rules.idempotency !== Idempotency.IDEMPOTENCY_UNSPECIFIED) {
    reasons.push("IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS");
  }
  if (rules.idempotency === Idempotency.REQUIRED) reasons.push("IDEMPOTENCY_KEY_REQUIRED");
  const declared = rules.errors.map((number) => ReasonNumber[number] as Reason);
  return [...new Set([...reasons, ...declared])];
}

/** Error answers of a route by HTTP status, with an example for each reason. */
export function problemResponses(route: Route): Record<string, Schema> {
  const byStatus = Map.groupBy(reasonsOf(route), (reason) => ruleOf(reason).httpStatus);
  const statuses = [...byStatus].sort(([a], [b]) => a - b);
  return Object.fromEntries(statuses.map(([status, reasons]) => [status, problemResponse(status, reasons)]));
}

function problemResponse(status: number, reasons: Reason[]): Schema {
  return {
    description: reasons.map((reason) => `\`${reason}\`: ${ruleOf(reason).title}`).join("\n\n"),
    headers: {
      "x-request-id": ref("headers", "x-request-id"),
      ...((status === 429 || status === 503) && { "Retry-After": ref("headers", "Retry-After") }),
      ...(status === 401 && { "WWW-Authenticate": ref("headers", "WWW-Authenticate") }),
    },
    content: {
      [PROBLEM_MEDIA_TYPE]: {
        schema: ref("schemas", "Problem"),
        examples: Object.fromEntries(reasons.map((reason) => [reason, ref("examples", reason)])),
      },
    },
  };
}

/** One example problem for each reason, by reason. */
export function problemExamples(reasons: Iterable<Reason>): Record<string, Schema> {
  return Object.fromEntries([...reasons].sort().map((reason) => [reason, exampleOf(reason)]));
}

function exampleOf(reason: Reason): Schema {
  const violations = reason === "INVALID_REQUEST" ? [{ field: "email", description: "is unknown" }] : [];
  return {
    summary: ruleOf(reason).title,
    value: problemOf(new ApiError(reason, { violations }), "0199c2f0-7d1a-7c3e-9b52-3f1f0c9a4e21"),
  };
}

/** Schema of an error answer: a problem of RFC 9457, with this API's own members such as `reason`. */
export const problemSchema: Schema = {
  type: "object",
  description: "An error (RFC 9457). Switch on `reason`; the texts may change.",
  properties: {
    type: { type: "string", format: "uri", description: "Link to the description of the reason." },
    title: { type: "string", description: "The reason in one sentence." },
    status: { type: "integer", description: "HTTP status." },
    detail: { type: "string", description: "Explanation of this occurrence." },
    code: { type: "string", description: "Name of the gRPC status code." },
    reason: {
      type: "string",
      enum: [...catalogue.keys()].sort(),
      description: "Stable identifier of the kind of error.",
    },
    requestId: { type: "string", description: "Quote it in support requests." },
    errors: {
      type: "array",
      description: "The invalid fields, with `INVALID_REQUEST`.",
      items: {
        type: "object",
        properties: {
          field: {
            type: "string",
            description: "Path of the field, or name of the header; empty for the whole request.",
          },
          description: { type: "string", description: "The rule that the value breaks." },
        },
        required: ["field", "description"],
      },
    },
    metadata: {
      type: "object",
      description: "Machine-readable facts of this occurrence.",
      additionalProperties: { type: "string" },
    },
  },
  required: ["type", "title", "status", "detail", "code", "reason", "requestId"],
};
