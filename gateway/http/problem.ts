import { status } from "@grpc/grpc-js";
import { type ApiError, retryAfterSeconds } from "@medconnect/platform/errors/api-error.ts";
import type { FieldViolation } from "@medconnect/platform/errors/limit-violations.ts";
import { REPLAYED_KEY } from "@medconnect/platform/grpc/status.ts";

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** A problem document (RFC 9457). The members after `detail` are extensions. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** Name of the gRPC status code, such as "NOT_FOUND". */
  code: string;
  /** Reason from the catalogue, such as "SLOT_UNAVAILABLE". Clients use it to tell errors apart. */
  reason: string;
  requestId: string;
  errors?: FieldViolation[];
  metadata?: Record<string, string>;
  /** Exceeded quotas, with the problem type quota-exceeded (draft-ietf-httpapi-ratelimit-headers-11 §5.1). */
  "violated-policies"?: string[];
}

export type ProblemOf = (error: ApiError, requestId: string) => Problem;

/** The place of an error's reason on the API's own page of errors. */
export const errorUri = (apiUrl: string, { reason }: ApiError): string => `${apiUrl}/docs/errors#${reason}`;

/**
 * Makes problem documents. Their `type` is the registered one of the reason, or else the reason's place on the
 * API's own page of errors.
 */
export const problemsOf =
  (apiUrl: string): ProblemOf =>
  (error, requestId) => {
    const { reason, rule, message, violations, metadata, violatedPolicies } = error;
    return {
      type: rule.problemType || errorUri(apiUrl, error),
      title: rule.title,
      status: rule.httpStatus,
      detail: message,
      code: status[error.code],
      reason,
      requestId,
      ...(violations.length > 0 && { errors: violations }),
      ...(Object.keys(metadata).length > 0 && { metadata }),
      ...(violatedPolicies.length > 0 && { "violated-policies": violatedPolicies }),
    };
  };

/** Characters that an `error_description` must not have (RFC 6750 §3). */
const NOT_IN_DESCRIPTION = /[^ !#-[\]-~]/g;

/** Headers of a problem. @param sentToken true if the request had an Authorization header */
export function problemHeaders(error: ApiError, sentToken: boolean): Record<string, string> {
  const headers: Record<string, string> = { "content-type": PROBLEM_MEDIA_TYPE };
  if (error.replayed) headers[REPLAYED_KEY] = "true";
  if (error.retryAfterMs !== undefined) headers["retry-after"] = `${retryAfterSeconds(error.retryAfterMs)}`;
  if (error.rule.httpStatus === 401) {
    // The header describes an error only if the request had a token (RFC 6750 §3.1).
    const isTokenRefused = sentToken && error.reason === "UNAUTHENTICATED";
    const description = error.message.replace(NOT_IN_DESCRIPTION, "");
    headers["www-authenticate"] = isTokenRefused
      ? `Bearer error="invalid_token", error_description="${description}"`
      : "Bearer";
  }
  return headers;
}
