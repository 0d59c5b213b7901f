import { status } from "@grpc/grpc-js";
import type { ApiError, FieldViolation } from "@medconnect/platform/errors/api-error.ts";
import { REPLAYED_KEY } from "@medconnect/platform/grpc/status.ts";

/** Where `type` leads: the page that is made from the catalogue, at the reason's own heading. */
export const PROBLEM_TYPE_BASE = "https://medconnect.dev/errors#";

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** RFC 9457, with our extensions after `detail`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** The gRPC code's name. */
  code: string;
  /** What clients switch on. */
  reason: string;
  requestId: string;
  errors?: FieldViolation[];
  metadata?: Record<string, string>;
}

/** Upper bound of a problem's JSON in bytes: a request must not get an answer many times its size. */
export const MAX_PROBLEM_BYTES = 8 * 1024;
const MAX_TEXT_LENGTH = 256;
/** Room for telling how many violations were left out. */
const REST_BYTES = 64;

export function problemOf(error: ApiError, requestId: string): Problem {
  const { reason, rule, message, violations, metadata } = error;
  const facts = Object.entries(metadata).map(([name, value]) => [name, shortened(value)]);
  const problem: Problem = {
    type: PROBLEM_TYPE_BASE + reason,
    title: rule.title,
    status: rule.httpStatus,
    detail: shortened(message),
    code: status[error.code],
    reason,
    requestId,
    ...(facts.length > 0 && { metadata: Object.fromEntries(facts) }),
  };
  if (violations.length === 0) return problem;
  return { ...problem, errors: fitting(violations, MAX_PROBLEM_BYTES - bytesOf(problem) - REST_BYTES) };
}

/** The first violations that `bytes` of JSON have room for, and the number of the others. */
function fitting(violations: FieldViolation[], bytes: number): FieldViolation[] {
  const errors: FieldViolation[] = [];
  let left = bytes - '"errors":[],'.length;
  for (const { field, description } of violations) {
    const error = { field: shortened(field), description: shortened(description) };
    left -= bytesOf(error) + 1;
    if (left < 0) return [...errors, { field: "", description: `${violations.length - errors.length} more` }];
    errors.push(error);
  }
  return errors;
}

const bytesOf = (value: object): number => Buffer.byteLength(JSON.stringify(value));

const shortened = (text: string): string =>
  text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH).toWellFormed()}…`;

/** The headers that go with an error beyond its media type. `sentToken`: the request had an Authorization header. */
export function problemHeaders(error: ApiError, sentToken: boolean): Record<string, string> {
  const headers: Record<string, string> = { "content-type": PROBLEM_MEDIA_TYPE };
  if (error.replayed) headers[REPLAYED_KEY] = "true";
  if (error.retryAfterMs !== undefined) {
    headers["retry-after"] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  }
  if (error.rule.httpStatus === 401) {
    // RFC 6750 §3.1: an error code only where a token was tried.
    const tried = sentToken && error.reason === "UNAUTHENTICATED";
    headers["www-authenticate"] = tried ? 'Bearer error="invalid_token"' : "Bearer";
  }
  return headers;
}
